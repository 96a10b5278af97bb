import { CLAIM_ARGS, claimKeyArgument, withClaims } from "../claims.ts";
import { defineCommand } from "../command.ts";
import { jktOption } from "../options.ts";
import { print, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Takes one owner of a piece of evidence back, or all of them, and lifts a ban. For aws_iid that alone does not let another key in, since a machine may be claimed only shortly after it starts: use svidmint claims assign.",
  args: {
    key: CLAIM_ARGS.key,
    owner: { type: "string", valueHint: "THUMBPRINT", description: "take back this owner alone" },
    config: CLAIM_ARGS.config,
    json: CLAIM_ARGS.json,
  },
  examples: [
    {
      does: "all owners",
      command:
        "svidmint claims release 3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
    },
  ],
  exits:
    "0 released, 1 there was nothing to release or the store does not answer, 2 wrong usage or configuration",
  async run(args) {
    const key = claimKeyArgument(args.key);
    const owner = jktOption(args.owner);
    const released = await withClaims(args.config, (claims) =>
      claims.release(key, owner === undefined ? {} : { owner }),
    );
    if (args.json === true) printJson({ key, released });
    else print(released ? "released" : "there was nothing to release");
    return released ? 0 : 1;
  },
});
