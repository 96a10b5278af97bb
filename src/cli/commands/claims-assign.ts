import { parseDuration } from "../../duration.ts";
import { CLAIM_ARGS, claimKeyArgument, recordJson, withClaims } from "../claims.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { jktOption } from "../options.ts";
import { print, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Makes one key the owner of a piece of evidence, alone, whatever stood there, and lifts a ban. For a machine that lost its key, that started while the issuer was down, or that is older than svidmint.",
  args: {
    key: CLAIM_ARGS.key,
    thumbprint: {
      type: "positional",
      required: true,
      description: "thumbprint of the new owner's key, as svidmint key new prints it",
    },
    ttl: {
      type: "string",
      valueHint: "DURATION",
      default: "30d",
      description: "how long the claim lasts unless it is renewed",
    },
    config: CLAIM_ARGS.config,
    json: CLAIM_ARGS.json,
  },
  examples: [
    {
      does: "after a lost key",
      command:
        "svidmint claims assign 3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    },
  ],
  async run(args) {
    const key = claimKeyArgument(args.key);
    const owner = jktOption(args.thumbprint) ?? "";
    const ttl = parseDuration(args.ttl);
    if (ttl === undefined) throw new UsageError("--ttl is a whole number and a unit: 12h, 30d");
    const record = await withClaims(args.config, async (claims) => {
      await claims.assign(key, owner, platform.now(), ttl);
      return claims.show(key);
    });
    if (args.json === true) printJson(recordJson(key, record));
    else print(`${owner} owns it now, alone`);
    return 0;
  },
});
