import { join } from "node:path";
import { isLoopbackHost } from "../../platform/http.ts";
import { isConfigurableTrustDomain, parseTrustDomain } from "../../spiffe/trust-domain.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { DEV_JWKS, devJwks, devKeyPath, STATE_FOLDER } from "../dev-key.ts";
import { makePrivate, writeAllNew } from "../files.ts";
import { configTemplate } from "../init-template.ts";
import { platform, privateKeyPem } from "../key-file.ts";
import { print, printJson } from "../output.ts";

const CONFIG = "svidmint.yaml";

export default defineCommand({
  about:
    "Writes a commented svidmint.yaml that works as it is on a machine without a cloud, and in .svidmint/ the development key that signs its evidence (mode 0600). Nothing is overwritten without --force.",
  args: {
    dir: { type: "string", valueHint: "FOLDER", default: ".", description: "where to write" },
    "trust-domain": {
      type: "string",
      valueHint: "NAME",
      default: "dev.example.org",
      description: "trust domain",
    },
    issuer: {
      type: "string",
      valueHint: "URL",
      default: "http://127.0.0.1:8443",
      description:
        "issuer URL; http on a loopback host, since the development key is good for nothing else",
    },
    force: { type: "boolean", description: "overwrite the configuration and the development key" },
    json: { type: "boolean", description: "print the names of the files as JSON" },
  },
  examples: [
    { does: "an issuer on this machine", command: "svidmint init && svidmint serve" },
    {
      does: "another trust domain",
      command: "svidmint init --trust-domain lab.example.org --dir lab",
    },
  ],
  async run(args) {
    const trustDomain = parseTrustDomain(args["trust-domain"]);
    if (!trustDomain.ok || !isConfigurableTrustDomain(trustDomain.value))
      throw new UsageError(
        "--trust-domain is not a trust domain: lower-case letters, digits, dots, hyphens",
      );
    const issuer = checkIssuer(args.issuer);
    const config = join(args.dir, CONFIG);
    const jwks = join(args.dir, DEV_JWKS);
    const key = devKeyPath(jwks);
    const pair = await platform.generateKey("P-256");
    await makePrivate(join(args.dir, STATE_FOLDER));
    await writeAllNew(
      [
        { path: config, content: configTemplate(trustDomain.value, issuer) },
        { path: key, content: await privateKeyPem(pair), private: true },
        { path: jwks, content: await devJwks(pair) },
      ],
      args.force === true,
    );
    if (args.json === true) {
      printJson({
        config,
        development_key: key,
        development_jwks: jwks,
        issuer,
        trust_domain: trustDomain.value,
      });
      return 0;
    }
    print(`wrote ${config}`);
    print(`wrote ${key} (development key, private) and ${jwks}`);
    print(`keep ${join(args.dir, STATE_FOLDER)} out of version control`);
    print(`\nnext: svidmint serve${args.dir === "." ? "" : ` --config ${config}`}`);
    return 0;
  },
});

function checkIssuer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== "http:" || !isLoopbackHost(url.hostname)) {
    throw new UsageError(
      "--issuer must be http on a loopback host, such as http://127.0.0.1:8443: the development key is refused elsewhere",
    );
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || text.endsWith("/")) {
    throw new UsageError("--issuer is a base URL: no query, no fragment, no slash at its end");
  }
  return text;
}
