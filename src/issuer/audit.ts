import type { BundleNote } from "../attestation.ts";
import type { PeerEvent } from "../federation/peer-events.ts";
import type { ProblemCode, Reason } from "../reasons.ts";
import type { Awaitable } from "../result.ts";
import type { IntermediateFacts, IntermediateOutcome } from "../signer/authority.ts";

/** What identifies a piece of evidence in the log: never the evidence. */
export interface EvidenceRef {
  /** The configured name (`aws_iid`, `oidc.github`); the bare type while the entry is unknown. */
  readonly name: string;
  /** Hex SHA-256 of what was handed in. */
  readonly sha256: string;
  /** What an SVID was verified with. */
  readonly bundle?: BundleNote | undefined;
}

interface EventBase {
  /** RFC 3339, seconds, UTC: the clock reading that the whole request went by. */
  readonly time: string;
  readonly request_id: string;
  readonly trust_domain: string;
  readonly evidence: readonly EvidenceRef[];
  /** RFC 7638 thumbprint of the key that proved possession. */
  readonly key?: string | undefined;
}

/** Written and awaited before the first signature: no SVID exists without one. */
export interface IntentEvent extends EventBase {
  readonly event: "intent";
  readonly rule: string;
  readonly spiffe_id: string;
  readonly x509?:
    | {
        readonly serial: string;
        readonly tbs_sha256: string;
        readonly subject_key: string;
        readonly not_after: number;
        readonly signer: string;
      }
    | undefined;
  readonly jwt?:
    | {
        readonly jti: string;
        readonly input_sha256: string;
        readonly audience: readonly string[];
        readonly expires_at: number;
        readonly signer: string;
      }
    | undefined;
  readonly wit?:
    | {
        readonly jti: string;
        readonly input_sha256: string;
        readonly subject_key: string;
        readonly expires_at: number;
        readonly signer: string;
      }
    | undefined;
  /** Rules in audit mode that would have matched. */
  readonly audit_rules?: readonly string[] | undefined;
}

/** What became of an intent. */
export interface OutcomeEvent {
  readonly event: "outcome";
  readonly time: string;
  readonly request_id: string;
  readonly trust_domain: string;
  readonly result: "issued" | "failed";
  readonly reason?: Reason;
  readonly detail?: string;
}

interface IntermediateBase {
  readonly time: string;
  /** Of the request that needed it. */
  readonly request_id: string;
  readonly trust_domain: string;
}

/** Written and awaited before a key service signs an intermediate of this instance, or a CA is asked for one. */
type IntermediateEvent = IntermediateBase & IntermediateFacts;

/** What became of it. */
type IntermediateOutcomeEvent = IntermediateBase & IntermediateOutcome;

/** A request that ended without an intent. */
export interface RefusedEvent extends EventBase {
  readonly event: "refused";
  readonly code: ProblemCode;
  readonly reason: Reason;
  readonly detail?: string;
  readonly rule?: string | undefined;
  readonly audit_rules?: readonly string[] | undefined;
}

/**
 * Something a person should look at: evidence claimed by two keys, a signature that does not verify, a key service
 * that denies a key (once a minute and key).
 */
export interface AlarmEvent {
  readonly event: "alarm";
  readonly time: string;
  readonly request_id: string;
  readonly trust_domain: string;
  readonly alarm: "claim_taken" | "signature_unsound" | "key_denied";
  /** Name of the key. */
  readonly signer?: string;
  readonly claim?: string;
  readonly owners?: readonly string[];
  readonly claimant?: string;
  readonly detail?: string;
}

/** A change in what becomes of fetching a peer's bundle. */
type PeerAuditEvent = PeerEvent & { readonly time: string; readonly trust_domain: string };

/** Another configuration is in force from the next request on. */
interface ConfigurationEvent {
  readonly event: "configuration";
  readonly time: string;
  readonly trust_domain: string;
  /** Of `/bundle` and `/bundle/wit` at that moment. */
  readonly spiffe_sequence: number;
  readonly wit_spiffe_sequence: number;
}

export type AuditEvent =
  | PeerAuditEvent
  | IntentEvent
  | OutcomeEvent
  | IntermediateEvent
  | IntermediateOutcomeEvent
  | RefusedEvent
  | AlarmEvent
  | ConfigurationEvent;

/**
 * Where audit events go, one JSON line each. `write` resolves when the line has left this process as far as
 * the runtime can tell (a completed write, an acknowledgement), and rejects when it has not: then nothing is signed.
 */
export interface AuditSink {
  write(line: string): Awaitable<void>;
  /**
   * A line that no signature depends on: outcomes, refusals. It may wait a moment for company, and no answer waits for
   * it. Absent on runtimes that may stop the process once it has answered: there `write` takes these lines too.
   */
  note?(line: string): Awaitable<void>;
}

/**
 * One line of ASCII: whatever a claim or name held, a reader of the log sees no control character,
 * no line break of any alphabet and no right-to-left trick.
 */
export function auditLine(event: AuditEvent): string {
  const text = JSON.stringify(event);
  // oxlint-disable-next-line no-control-regex -- the range is the point
  return /[^\x20-\x7e]/.test(text) ? text.replace(/[^\x20-\x7e]/g, escapeUnit) : text;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The text of the latest second that was asked for: requests of one second share it. */
let latest = { seconds: Number.NaN, text: "" };

/** RFC 3339, seconds, UTC. @param seconds Unix seconds */
export function auditTime(seconds: number): string {
  if (latest.seconds !== seconds)
    latest = { seconds, text: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` };
  return latest.text;
}
