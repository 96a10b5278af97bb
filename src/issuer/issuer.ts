import type { PublicDocument } from "../platform/public-document.ts";
import { REASONS } from "../reasons.ts";
import type { Awaitable, Failure, Result } from "../result.ts";
import { SVID_USES } from "../signer/algorithms.ts";
import type { AuditSink } from "./audit.ts";
import type { PublicDocuments } from "./documents.ts";
import { issueSvids, type IncomingRequest } from "./issue.ts";
import { drawEntropy } from "./entropy.ts";
import type { Metrics } from "./metrics.ts";
import type { IssuedSvids } from "./sign.ts";
import type { Snapshot } from "./snapshot.ts";
import { RequestTrail } from "./trail.ts";

/** One trust domain, ready to serve: what handlers know of everything behind them. */
export interface Issuer {
  /** The issuer URL. */
  readonly url: string;
  readonly trustDomain: string;
  readonly metrics: Metrics;
  /** A request begins: one clock reading, one id. */
  begin(): Exchange;
  /** The documents of this moment. */
  documents(): Awaitable<PublicDocuments>;
  /** Whether something is published at `/bundles` and this tail: see `PeerDocuments`. */
  hasBundles(tail: string): boolean;
  bundles(tail: string): Promise<PublicDocument | undefined>;
  /** Whether the active keys are at hand and published. No key service is asked. */
  ready(): boolean;
  /** What a request that begins now goes by. */
  snapshot(): Snapshot;
  /** What something that goes by a snapshot, be it no request, leaves in the audit log. */
  trail(snapshot: Snapshot): RequestTrail;
  /** A fault of ours that ended a request. */
  fault(requestId: string, error: unknown): void;
}

interface Exchange {
  readonly requestId: string;
  issue(incoming: IncomingRequest): Promise<Result<IssuedSvids>>;
  /** The request ended before its body could be looked at. */
  refuse(failure: Failure): Promise<void>;
}

export interface IssuerDeps {
  readonly audit: AuditSink;
  /** Absent where nobody could read them: nothing is counted. */
  readonly metrics?: Metrics;
  /** Where faults of ours are told, one line each. */
  readonly log?: (line: string) => void;
}

const UNCOUNTED: Metrics = { count() {}, observe() {}, gauge() {}, render: () => "" };

/** @param current the snapshot that requests beginning now go by */
export function createIssuer(
  current: () => Snapshot,
  { audit, log, metrics = UNCOUNTED }: IssuerDeps,
): Issuer {
  const { issuer: url, trustDomain } = current();
  const onFault = (requestId: string, error: unknown): void => {
    metrics.count("svidmint_faults_total");
    const at = whereFrom(error);
    log?.(
      JSON.stringify({
        event: "fault",
        request_id: requestId,
        trust_domain: trustDomain,
        error: at,
      }),
    );
  };
  const newTrail = ({ platform }: Snapshot): RequestTrail =>
    new RequestTrail(platform.now(), {
      sink: audit,
      metrics,
      trustDomain,
      random: drawEntropy(platform),
      onFault,
    });
  return {
    url,
    trustDomain,
    metrics,
    snapshot: current,
    trail: newTrail,
    begin() {
      const snapshot = current();
      const trail = newTrail(snapshot);
      return {
        requestId: trail.requestId,
        async issue(incoming) {
          const started = performance.now();
          const result = await issueSvids(snapshot, incoming, trail).catch((error: unknown) =>
            trail.fault(error),
          );
          if (!result.ok) await trail.refused(result.error);
          count(metrics, result, (performance.now() - started) / 1000);
          return result;
        },
        async refuse(failure) {
          await trail.refused(failure);
          metrics.count("svidmint_requests_total", { outcome: REASONS[failure.reason] });
        },
      };
    },
    documents() {
      const snapshot = current();
      return snapshot.documents(snapshot.platform.now());
    },
    hasBundles: (tail) => current().peers.documents?.has(tail) === true,
    async bundles(tail) {
      const { peers, documents, platform } = current();
      const now = platform.now();
      return peers.documents?.find(tail, await documents(now), now);
    },
    ready() {
      const { keys, platform } = current();
      const now = platform.now();
      return SVID_USES.every((use) => !keys.uses.has(use) || keys[use](now) !== undefined);
    },
    fault: onFault,
  };
}

const FRAME = /^ {4}at \S.{0,300}$/;

/** The name of the error and where it came from; never its message, which could hold anything, on several lines. */
function whereFrom(error: unknown): string {
  if (!(error instanceof Error)) return "not an error";
  const frames = (error.stack ?? "")
    .replace(error.message, "")
    .split("\n")
    .filter((line) => FRAME.test(line));
  return [error.name, ...frames.slice(0, 2).map((frame) => frame.trim())].join(" ").slice(0, 400);
}

function count(metrics: Metrics, result: Result<IssuedSvids>, seconds: number): void {
  metrics.observe("svidmint_request_duration_seconds", seconds);
  if (!result.ok) {
    metrics.count("svidmint_requests_total", { outcome: REASONS[result.error.reason] });
    return;
  }
  metrics.count("svidmint_requests_total", { outcome: "issued" });
  for (const kind of SVID_USES)
    if (result.value[kind] !== undefined) metrics.count("svidmint_svids_issued_total", { kind });
}
