import { defineCommand } from "../command.ts";
import { CONFIG_OPTION, loadKeys } from "../keys/load.ts";
import { verifyKeys, type KeyVerdict } from "../keys/verify.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Asks where each key lies whether it is the one that the configuration names, and whether serve would take it for what it is to sign: a local key by itself, a key in a service by the public key that it tells, by your credentials, a wrapped key by unwrapping it. With --sign each key of a service signs a fixed message too, which is no certificate and no token, by the very call that the issuer makes.",
  args: {
    ...CONFIG_OPTION,
    sign: { type: "boolean", description: "have each key of a service sign the fixed message" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "before a deployment", command: "svidmint keys verify --config prod.yaml" },
    {
      does: "where the issuer's role may sign and nothing else",
      command: "svidmint keys verify --sign",
    },
  ],
  exits:
    "0 every key is the configured one and would be taken, 1 one is not, would not, or could not be asked, 2 wrong usage or configuration",
  async run(args) {
    const loaded = await loadKeys(args.config);
    const verdicts: KeyVerdict[] = [];
    const options = { now: platform.now(), sign: args.sign === true };
    for await (const verdict of verifyKeys(loaded, options)) {
      verdicts.push(verdict);
      const { use, id, result, message } = verdict;
      if (args.json !== true) print(printable(`${result.padEnd(7)}  ${use} ${id}: ${message}`));
    }
    const ok = verdicts.every(({ result }) => result === "good");
    if (args.json === true) printJson({ ok, keys: verdicts });
    return ok ? 0 : 1;
  },
});
