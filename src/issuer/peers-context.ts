import type { PeersContext } from "../federation/held-peers.ts";
import type { SnapshotStore } from "../federation/snapshots.ts";
import type { Platform } from "../platform/platform.ts";
import type { ClaimStore } from "../stores/claim-store.ts";
import { auditLine, auditTime, type AuditSink } from "./audit.ts";
import type { Metrics } from "./metrics.ts";

/** What peers have of an issuer: a place for snapshots, the log and the counters. */
export function peersContext({
  trustDomain,
  platform,
  audit,
  metrics,
  store,
  peerStore,
}: {
  readonly trustDomain: string;
  readonly platform: Pick<Platform, "now">;
  readonly audit: AuditSink;
  readonly metrics?: Metrics | undefined;
  readonly store?: ClaimStore | undefined;
  /** In place of the claim store. */
  readonly peerStore?: SnapshotStore | undefined;
}): PeersContext {
  const lost = (): void => metrics?.count("svidmint_audit_write_failures_total");
  return {
    trustDomain,
    store: peerStore ?? store,
    count: (peer, outcome) => metrics?.count("svidmint_peer_refreshes_total", { peer, outcome }),
    storeFailed: () => metrics?.count("svidmint_peer_store_failures_total"),
    tell(event) {
      if (event.alarm === true) {
        const alarm = `peer_${event.result === "failed" ? (event.reason ?? "failed") : event.result}`;
        metrics?.count("svidmint_alarms_total", { alarm });
      }
      const line = auditLine({
        ...event,
        time: auditTime(platform.now()),
        trust_domain: trustDomain,
      });
      try {
        const written = audit.note === undefined ? audit.write(line) : audit.note(line);
        written?.catch(lost);
      } catch {
        lost();
      }
    },
  };
}
