import type { ConfigIssue } from "../config-issue.ts";
import type { PeersConfig } from "../federation/peers-schema.ts";
import { audienceProblem } from "../policy/audience.ts";
import type { PeerFacts } from "../policy/context.ts";
import { configError } from "../policy/schema-issues.ts";

/** What rules may say of peers. An audience that is wrong is told once, here, and not with each rule that needs it. */
export function peerFacts(
  peers: PeersConfig,
  issuer: string,
  issues: ConfigIssue[],
): ReadonlyMap<string, PeerFacts> {
  for (const [name, { audience }] of Object.entries(peers)) {
    const wrong = audience === undefined ? undefined : audienceProblem(audience, issuer);
    if (wrong !== undefined) issues.push(configError(["peers", name, "audience"], wrong));
  }
  return new Map(Object.entries(peers).map(([name, { audience }]) => [name, { audience }]));
}
