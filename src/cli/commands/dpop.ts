import { signDpop } from "../../client/dpop.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { issuerUrl } from "../audience-bases.ts";
import { readInput } from "../files.ts";
import { platform, readPrivateKey } from "../key-file.ts";
import { print, printJson } from "../output.ts";

const ENDPOINT = "/v1/svids";

export default defineCommand({
  about:
    "Signs the DPoP proof for one request to POST /v1/svids and prints it as a header line. The proof covers the bytes of the body, is good for 60 seconds and for one attempt. It is needed for a jwt on key-bound or claimed evidence.",
  args: {
    key: {
      type: "string",
      valueHint: "FILE",
      required: true,
      description: "private key, as svidmint key new writes it",
    },
    body: {
      type: "string",
      valueHint: "FILE",
      required: true,
      description: "the request's body, exactly as it will be sent; - for standard input",
    },
    url: {
      type: "string",
      valueHint: "URL",
      description: "the endpoint, <issuer>/v1/svids as the issuer's configuration has it",
    },
    config: {
      type: "string",
      valueHint: "FILE",
      description: "take the endpoint from this configuration; svidmint.yaml if it is there",
    },
    json: { type: "boolean", description: 'print {"DPoP": …}' },
  },
  examples: [
    {
      does: "a JWT-SVID on key-bound evidence",
      command:
        'curl -s http://127.0.0.1:8443/v1/svids -H "content-type: application/json" -H "$(svidmint dpop --key svid.key --body request.json)" --data-binary @request.json',
    },
    {
      does: "for an issuer elsewhere",
      command:
        "svidmint dpop --key svid.key --body request.json --url https://id.example.org/v1/svids",
    },
  ],
  async run(args) {
    if (args.url !== undefined && args.config !== undefined)
      throw new UsageError("give --url or --config, not both");
    const url = args.url ?? (await issuerUrl(args.config)) + ENDPOINT;
    if (!URL.canParse(url) || !/^https?:\/\//.test(url))
      throw new UsageError("--url is not an http or https URL");
    const key = await readPrivateKey(args.key);
    const header = await signDpop(platform, key, { url, body: await readInput(args.body) });
    if (args.json === true) printJson({ DPoP: header });
    else print(`DPoP: ${header}`);
    return 0;
  },
});
