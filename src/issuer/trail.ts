import { toHex } from "../encoding/bytes.ts";
import { REASONS } from "../reasons.ts";
import { fail, ok, type Awaitable, type Err, type Failure, type Result } from "../result.ts";
import {
  auditLine,
  type AlarmEvent,
  type AuditEvent,
  type AuditSink,
  type EvidenceRef,
  type IntentEvent,
} from "./audit.ts";
import type { Metrics } from "./metrics.ts";

type IntentFacts = Pick<IntentEvent, "spiffe_id" | "x509" | "jwt" | "wit">;
type AlarmFacts = Omit<AlarmEvent, "event" | "time" | "request_id" | "trust_domain">;

export interface TrailDeps {
  readonly sink: AuditSink;
  readonly metrics: Metrics;
  readonly trustDomain: string;
  /** Random bytes of this request. */
  readonly random: (length: number) => Uint8Array;
  /** Where faults of ours are told: not in the audit log. */
  readonly onFault: (requestId: string, error: unknown) => void;
}

const REQUEST_ID_BYTES = 16;
/** A detail may quote a name that a stranger chose, such as a claim's: not at any length. */
const MAX_DETAIL_CHARACTERS = 256;

/** What one request leaves in the audit log: what is known of it grows as it passes each stage. */
export class RequestTrail {
  readonly requestId: string;
  /** Unix seconds: the one clock reading of the request. */
  readonly now: number;
  readonly random: (length: number) => Uint8Array;
  evidence: EvidenceRef[] = [];
  key: string | undefined;
  rule: string | undefined;
  auditRules: readonly string[] = [];
  readonly #deps: TrailDeps;
  #intent = false;

  constructor(now: number, deps: TrailDeps) {
    this.requestId = toHex(deps.random(REQUEST_ID_BYTES));
    this.random = deps.random;
    this.now = now;
    this.#deps = deps;
  }

  /** Written before the first signature. @returns `audit_unavailable` where it could not be: then nothing is signed */
  async intent(facts: IntentFacts): Promise<Result<void>> {
    try {
      // Members that are undefined leave no trace in JSON; on this path spreading costs more than naming them.
      const { spiffe_id, x509, jwt, wit } = facts;
      await this.#write({
        event: "intent",
        time: rfc3339(this.now),
        request_id: this.requestId,
        trust_domain: this.#deps.trustDomain,
        evidence: this.evidence,
        key: this.key,
        rule: this.rule ?? "",
        spiffe_id,
        x509,
        jwt,
        wit,
        audit_rules: this.auditRules.length > 0 ? this.auditRules : undefined,
      });
    } catch {
      return fail("audit_unavailable");
    }
    this.#intent = true;
    return ok(undefined);
  }

  /** What became of the intent. A record that cannot be written now does not take back what is signed: the intent stands. */
  outcome(result: "issued" | "failed", failure?: Failure): Awaitable<void> {
    const { requestId, now } = this;
    return this.#tryWrite({
      event: "outcome",
      time: rfc3339(now),
      request_id: requestId,
      trust_domain: this.#deps.trustDomain,
      result,
      ...(failure && told(failure)),
    });
  }

  /** A request that ended before its intent. */
  refused(failure: Failure): Awaitable<void> {
    this.#deps.metrics.count("svidmint_refusals_total", { reason: failure.reason });
    if (this.#intent) return undefined; // its outcome is written
    const { reason } = failure;
    return this.#tryWrite({
      event: "refused",
      ...this.#common(),
      code: REASONS[reason],
      ...told(failure),
      ...(this.rule !== undefined && { rule: this.rule }),
      ...(this.auditRules.length > 0 && { audit_rules: this.auditRules }),
    });
  }

  /** Something threw that must not throw. @returns what the request ends with */
  fault(error: unknown): Err<Failure> {
    this.#deps.onFault(this.requestId, error);
    return fail("internal_fault");
  }

  alarm(facts: AlarmFacts): Awaitable<void> {
    this.#deps.metrics.count("svidmint_alarms_total", { alarm: facts.alarm });
    return this.#tryWrite({
      event: "alarm",
      time: rfc3339(this.now),
      request_id: this.requestId,
      trust_domain: this.#deps.trustDomain,
      ...facts,
    });
  }

  #common(): Pick<IntentEvent, "time" | "request_id" | "trust_domain" | "evidence" | "key"> {
    return {
      time: rfc3339(this.now),
      request_id: this.requestId,
      trust_domain: this.#deps.trustDomain,
      evidence: this.evidence,
      ...(this.key !== undefined && { key: this.key }),
    };
  }

  #write(event: AuditEvent): Awaitable<void> {
    return this.#deps.sink.write(auditLine(event));
  }

  /** A line that nothing depends on: what cannot be written is counted. */
  #tryWrite(event: AuditEvent): Awaitable<void> {
    const { sink, metrics } = this.#deps;
    const lost = (): void => metrics.count("svidmint_audit_write_failures_total");
    try {
      const line = auditLine(event);
      const written = sink.note === undefined ? sink.write(line) : sink.note(line);
      const settled = written?.catch(lost);
      return sink.note === undefined ? settled : undefined; // no answer waits for a note
    } catch {
      lost();
    }
    return undefined;
  }
}

function told({ reason, detail }: Failure): Failure {
  return detail === undefined
    ? { reason }
    : { reason, detail: detail.slice(0, MAX_DETAIL_CHARACTERS) };
}

/** The text of the latest second that was asked for: requests of one second share it. */
let latest = { seconds: Number.NaN, text: "" };

function rfc3339(seconds: number): string {
  if (latest.seconds !== seconds)
    latest = { seconds, text: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` };
  return latest.text;
}
