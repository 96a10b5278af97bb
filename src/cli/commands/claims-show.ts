import { CLAIM_ARGS, claimKeyArgument, recordFields, recordJson, withClaims } from "../claims.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { print, printFields, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Shows who owns a piece of evidence that belongs to its first user, since when, and until when the claim lasts. Without a claim key, all claims, where the store can list them.",
  args: { ...CLAIM_ARGS, key: { ...CLAIM_ARGS.key, required: false } },
  examples: [
    {
      does: "the key stands in the output of attest, and in alarm events",
      command:
        "svidmint claims show 3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
    },
    { does: "all of them", command: "svidmint claims show --json" },
  ],
  exits:
    "0 shown, 1 there is no such claim or the store does not answer, 2 wrong usage or configuration",
  async run(args) {
    if (args.key === undefined) {
      const all = await withClaims(args.config, async (claims) => claims.list?.());
      if (all === undefined)
        throw new UsageError("this claim store does not list its claims: name a claim key");
      if (args.json === true) printJson(all.map(({ key, ...record }) => recordJson(key, record)));
      for (const { key, ...record } of args.json === true ? [] : all) {
        print(key);
        printFields(recordFields(record), "  ");
      }
      return 0;
    }
    const key = claimKeyArgument(args.key);
    const record = await withClaims(args.config, (claims) => claims.show(key));
    if (args.json === true) printJson(recordJson(key, record));
    else if (record === undefined) print("nobody has claimed it");
    else printFields(recordFields(record));
    return record === undefined ? 1 : 0;
  },
});
