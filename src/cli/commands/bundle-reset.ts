import { dirname, resolve } from "node:path";
import { resetPeer } from "../../federation/snapshots.ts";
import { peerStoreOf } from "../../runtimes/node/peer-folder.ts";
import { withClaims } from "../claims.ts";
import { defineCommand } from "../command.ts";
import { checkConfig, configurationError } from "../config.ts";
import { CommandError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { CONFIG_OPTION } from "../keys/load.ts";
import { print, printable } from "../output.ts";

export default defineCommand({
  about:
    "Lets a peer start anew: one that was set up again serves a lower spiffe_sequence, which is refused as a rollback until somebody says that it is meant. Written where the instances keep what they last believed, the claim store; running ones take it up at their next refusal. Ask the peer's people first, by another way than its endpoint.",
  args: {
    peer: { type: "positional", required: true, description: "a trust domain under peers:" },
    ...CONFIG_OPTION,
  },
  examples: [
    {
      does: "a partner whose server was set up again",
      command: "svidmint bundle reset partner.example --config prod.yaml",
    },
  ],
  exits:
    "0 written, 1 the store failed, 2 wrong usage or configuration, or there is nothing to reset",
  async run(args) {
    const { config, issues } = await checkConfig(args.config);
    if (config === undefined) throw configurationError(issues);
    const name = printable(args.peer);
    const peer = Object.hasOwn(config.peers ?? {}, args.peer)
      ? config.peers?.[args.peer]
      : undefined;
    if (peer === undefined)
      throw new CommandError(`${printable(args.config)} has no peer ${name}`, 2);
    if (peer.url === undefined)
      throw new CommandError(`${name} is pinned: put its new bundle in the place of the old`, 2);
    const { trustDomain, claims } = config;
    const now = platform.now();
    const alone = peerStoreOf(config, dirname(resolve(args.config)));
    if (alone === undefined && claims === undefined)
      throw new CommandError(
        `nothing of ${name} is kept beyond the life of an instance: restart the instances${floor(peer.min_sequence)}`,
        2,
      );
    if (alone !== undefined) await resetPeer(alone, trustDomain, args.peer, now);
    else await withClaims(args.config, (store) => resetPeer(store, trustDomain, args.peer, now));
    print(
      `${name} may start anew: instances take its next bundle, whatever its sequence${floor(peer.min_sequence)}`,
    );
    return 0;
  },
});

function floor(minSequence: number | undefined): string {
  return minSequence === undefined
    ? ""
    : `, down to min_sequence ${minSequence} of its entry: lower that too where it begins below`;
}
