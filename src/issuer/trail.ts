import { toHex } from "../encoding/bytes.ts";
import { REASONS } from "../reasons.ts";
import { fail, ok, type Awaitable, type Err, type Failure, type Result } from "../result.ts";
import {
  auditLine,
  auditTime,
  type AlarmEvent,
  type AuditEvent,
  type AuditSink,
  type EvidenceRef,
  type IntentEvent,
  type OutcomeEvent,
  type RefusedEvent,
} from "./audit.ts";
import type {
  IntermediateFacts,
  IntermediateLog,
  IntermediateOutcome,
} from "../signer/authority.ts";
import { SignerError, signerFailure } from "../signer/signer.ts";
import type { Metrics } from "./metrics.ts";

type IntentFacts = Pick<IntentEvent, "spiffe_id" | "x509" | "jwt" | "wit">;
type Head = "time" | "request_id" | "trust_domain";
type AlarmFacts = Omit<AlarmEvent, "event" | Head>;
type NotedFacts =
  | Omit<RefusedEvent, Head>
  | Omit<OutcomeEvent, Head>
  | Omit<AlarmEvent, Head>
  | IntermediateOutcome;

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
export class RequestTrail implements IntermediateLog {
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
    // Members that are undefined leave no trace in JSON; on this path spreading costs more than naming them.
    const { spiffe_id, x509, jwt, wit } = facts;
    const recorded = await this.#record({
      event: "intent",
      time: auditTime(this.now),
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
    this.#intent = recorded.ok;
    return recorded;
  }

  /** What became of the intent. A record that cannot be written now does not take back what is signed: the intent stands. */
  outcome(result: "issued" | "failed", failure?: Failure): Awaitable<void> {
    return this.note(
      failure === undefined
        ? { event: "outcome", result }
        : { event: "outcome", result, ...told(failure) },
    );
  }

  record(facts: IntermediateFacts): Promise<Result<void>> {
    return this.#record({ ...this.#head(), ...facts });
  }

  /**
   * A key service that fails us is told as such, and raises an alarm where a person has to look at it; everything else
   * that throws is a fault of ours. @param signer name of the key that was used
   */
  async signingFailure(error: unknown, signer: string): Promise<Failure> {
    if (!(error instanceof SignerError)) return this.fault(error).error;
    const { code, message: detail, isNews } = error;
    error.isNews = false;
    const alarm = code === "denied" ? "key_denied" : "signature_unsound";
    if (isNews) await this.alarm({ alarm, signer, detail });
    return signerFailure(error);
  }

  /** A request that ended before its intent. */
  refused(failure: Failure): Awaitable<void> {
    this.#deps.metrics.count("svidmint_refusals_total", { reason: failure.reason });
    if (this.#intent) return undefined; // its outcome is written
    const { reason } = failure;
    return this.note({
      event: "refused",
      evidence: this.evidence,
      key: this.key,
      code: REASONS[reason],
      ...told(failure),
      rule: this.rule,
      audit_rules: this.auditRules.length > 0 ? this.auditRules : undefined,
    });
  }

  /** Something threw that must not throw. @returns what the request ends with */
  fault(error: unknown): Err<Failure> {
    this.#deps.onFault(this.requestId, error);
    return fail("internal_fault");
  }

  alarm(facts: AlarmFacts): Awaitable<void> {
    this.#deps.metrics.count("svidmint_alarms_total", { alarm: facts.alarm });
    return this.note({ event: "alarm", ...facts });
  }

  /** What every event begins with. */
  #head(): Pick<IntentEvent, Head> {
    return {
      time: auditTime(this.now),
      request_id: this.requestId,
      trust_domain: this.#deps.trustDomain,
    };
  }

  /** A line that something depends on. */
  async #record(event: AuditEvent): Promise<Result<void>> {
    try {
      await this.#deps.sink.write(auditLine(event));
      return ok(undefined);
    } catch {
      return fail("audit_unavailable");
    }
  }

  /** A line that nothing depends on: what cannot be written is counted. */
  note(facts: NotedFacts): Awaitable<void> {
    const { sink, metrics } = this.#deps;
    const lost = (): void => metrics.count("svidmint_audit_write_failures_total");
    try {
      // Named, not spread: this is on the path of every request.
      const line = auditLine({
        time: auditTime(this.now),
        request_id: this.requestId,
        trust_domain: this.#deps.trustDomain,
        ...facts,
      });
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
