import { bundleFindings } from "../bundle/findings.ts";
import { findDocument } from "../bundle/source.ts";
import { isTrustDomain } from "../../spiffe/trust-domain.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Says whether a bundle is one that consumers take: go-spiffe, SPIRE, Istio and Envoy each refuse the whole of it for what the specification would have them ignore. A bundle does not say whose it is: --trust-domain does, and each root is held to it.",
  args: {
    source: {
      type: "positional",
      required: true,
      description: "a file, - for standard input, or a URL",
    },
    "trust-domain": {
      type: "string",
      valueHint: "TD",
      required: true,
      description: "whose bundle it is to be",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    {
      does: "what a bucket serves",
      command:
        "svidmint bundle verify https://id.example.org/bundle --trust-domain prod.example.org",
    },
    {
      does: "what somebody sent",
      command: "svidmint bundle verify partner.bundle.json --trust-domain partner.example",
    },
  ],
  exits: "0 consumers take it, there may be warnings, 1 some do not, 2 wrong usage",
  async run(args) {
    const trustDomain = args["trust-domain"];
    if (!isTrustDomain(trustDomain))
      throw new UsageError("a trust domain is a name such as prod.example.org, without spiffe://");
    const document = await findDocument(args.source);
    const findings = await bundleFindings(document, { trustDomain, now: platform.now() });
    const bad = findings.some(({ severity }) => severity === "error");
    if (args.json === true) printJson({ ok: !bad, trust_domain: trustDomain, findings });
    else {
      for (const { severity, path, message } of findings)
        print(printable(`${severity}: ${path === "" ? "" : `${path}: `}${message}`));
      print(bad ? "some consumers refuse it" : `good for ${trustDomain}`);
    }
    return bad ? 1 : 0;
  },
});
