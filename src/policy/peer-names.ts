import type { ConfigIssue } from "../config-issue.ts";
import type { PeerFacts, PolicyContext } from "./context.ts";
import { configError } from "./schema-issues.ts";

/** Names of `peers:` that a rule states: each of them a peer, and once. @param judge what is wrong with the peer beside */
export function checkPeerNames(
  names: readonly string[],
  { peers, trustDomain }: Pick<PolicyContext, "peers" | "trustDomain">,
  path: readonly (string | number)[],
  judge: (name: string, peer: PeerFacts) => string | undefined = () => undefined,
): readonly ConfigIssue[] {
  return names.flatMap((name, index) => {
    const wrong = (message: string) => [configError([...path, index], message)];
    if (name === trustDomain) return wrong("is this trust domain itself, not a peer");
    if (names.indexOf(name) !== index) return wrong("is listed twice");
    if (peers === undefined) return [];
    const peer = peers.get(name);
    const problem = peer === undefined ? unknownPeer(peers) : judge(name, peer);
    return problem === undefined ? [] : wrong(problem);
  });
}

function unknownPeer(peers: ReadonlyMap<string, PeerFacts>): string {
  return peers.size === 0
    ? "is not under `peers:`, which is empty"
    : `is not under \`peers:\`, which has ${[...peers.keys()].join(", ")}`;
}
