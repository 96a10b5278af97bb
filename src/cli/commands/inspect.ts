import { defineCommand } from "../command.ts";
import { readInput } from "../files.ts";
import { printDescriptions } from "../inspect/description.ts";
import { describeInput } from "../inspect/detect.ts";
import { printable, printError, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Puts a certificate or chain, CSR, public key, token, bundle, key set or an answer of the issuer into words. PEM, DER and JSON are told apart by themselves. Nothing is verified but a CSR's own signature, and of a private key only the public half is shown.",
  args: {
    file: {
      type: "positional",
      required: false,
      description: "what to look at; standard input where there is none",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "the certificate and bundle of an answer", command: "svidmint inspect answer.json" },
    { does: "a token", command: "svidmint evidence dev --csr svid.csr --bare | svidmint inspect" },
    { does: "the live bundle", command: "curl -s http://127.0.0.1:8443/bundle | svidmint inspect" },
  ],
  exits: "0 described, 1 the input is broken or of no known kind, 2 wrong usage",
  async run(args) {
    const described = await describeInput(await readInput(args.file));
    if (!described.ok) {
      const { reason, detail } = described.error;
      if (args.json === true)
        printJson({ error: reason, ...(detail === undefined ? {} : { detail }) });
      else
        printError(
          `svidmint: ${printable(detail === undefined ? reason : `${reason}: ${detail}`)}`,
        );
      return 1;
    }
    if (args.json === true) printJson(described.value.map(({ data }) => data));
    else printDescriptions(described.value);
    return 0;
  },
});
