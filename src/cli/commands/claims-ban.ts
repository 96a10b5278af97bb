import { CLAIM_ARGS, claimKeyArgument, recordJson, withClaims } from "../claims.ts";
import { defineCommand } from "../command.ts";
import { platform } from "../key-file.ts";
import { print, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Lets nobody own a piece of evidence until svidmint claims assign or release. What was issued on it stays valid until it ends by itself.",
  args: CLAIM_ARGS,
  examples: [
    {
      does: "a machine that must get nothing more",
      command:
        "svidmint claims ban 3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
    },
  ],
  async run(args) {
    const key = claimKeyArgument(args.key);
    const record = await withClaims(args.config, async (claims) => {
      await claims.ban(key, platform.now());
      return claims.show(key);
    });
    if (args.json === true) printJson(recordJson(key, record));
    else print("banned");
    return 0;
  },
});
