import type { PeerState, Peers } from "../federation/peer.ts";
import type { Metrics } from "./metrics.ts";

/** What is held of each peer, as it is when somebody reads the metrics. */
export function peerGauges(metrics: Metrics, peers: Peers, now: () => number): void {
  const gauge = (name: string, of: (state: PeerState) => number | bigint | undefined): void =>
    metrics.gauge(name, () =>
      peers.states(now()).flatMap((state) => {
        const value = of(state);
        return value === undefined ? [] : [{ labels: { peer: state.trustDomain }, value }];
      }),
    );
  gauge("svidmint_peer_bundle_age_seconds", ({ ageSeconds }) => ageSeconds);
  gauge("svidmint_peer_bundle_sequence", ({ held }) => held?.bundle.sequence);
  gauge("svidmint_peer_usable", ({ usable }) => Number(usable));
}
