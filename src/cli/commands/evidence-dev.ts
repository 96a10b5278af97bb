import { dirname, resolve } from "node:path";
import { devIssuer } from "../../attestors/oidc/oidc.ts";
import { keyAlgorithm } from "../../client/key-algorithm.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { encodeJws, encodeJwsInput } from "../../encoding/jws.ts";
import { configPath, readDocument } from "../config.ts";
import { defineCommand } from "../command.ts";
import { devKeyId, devKeyPath } from "../dev-key.ts";
import { CommandError, UsageError } from "../errors.ts";
import { TARGET_OPTIONS, targetAudience } from "../evidence-target.ts";
import { platform, readPrivateKey } from "../key-file.ts";
import { printable } from "../output.ts";
import { OUTPUT_OPTIONS, printEvidence } from "../source-command.ts";

const LIFETIME_SECONDS = 600;

export default defineCommand({
  about:
    "Signs a token with the development key of this folder, as a cloud would for a workload, and prints it as one member of evidence. The token is bound to the key of --csr or --key, or to the S of --audience, and is good for ten minutes. It is worth something only to the issuer whose configuration has the same development key.",
  args: {
    ...TARGET_OPTIONS,
    sub: {
      type: "string",
      valueHint: "NAME",
      default: "app",
      description: "who the token says it is: claim sub",
    },
    claims: {
      type: "string",
      valueHint: "JSON",
      description: 'more claims, as an object: {"team":"payments"}',
    },
    entry: {
      type: "string",
      valueHint: "NAME",
      description: "the dev entry under evidence.oidc, where there are several",
    },
    config: {
      type: "string",
      valueHint: "FILE",
      description: "configuration [default: svidmint.yaml]",
    },
    ...OUTPUT_OPTIONS,
  },
  examples: [
    { does: "evidence for the key of svid.csr", command: "svidmint evidence dev --csr svid.csr" },
    {
      does: "another workload, as a bare token",
      command: "svidmint evidence dev --csr svid.csr --sub api --bare",
    },
  ],
  async run(args) {
    const path = configPath(args.config);
    const document = await readDocument(path);
    const entry = devEntry(document, args.entry);
    const audience = await targetAudience(args, async () => entry.base);
    const key = await readPrivateKey(devKeyPath(resolve(dirname(path), entry.jwksFile)));
    const now = platform.now();
    const claims = {
      ...extraClaims(args.claims),
      iss: entry.issuer,
      sub: args.sub,
      aud: audience,
      iat: now,
      exp: now + LIFETIME_SECONDS,
    };
    const { alg, scheme } = keyAlgorithm(key.publicKey.info);
    const input = encodeJwsInput({ alg, typ: "JWT", kid: await devKeyId(key) }, claims);
    const token = encodeJws(input, await platform.sign(scheme, key, utf8Encode(input)));
    const evidence = { type: "oidc", token, ...(entry.shared && { entry: entry.name }) };
    printEvidence(
      "dev",
      { evidence, audience },
      { bare: args.bare === true, json: args.json === true },
    );
    return 0;
  },
});

interface DevEntry {
  readonly name: string;
  readonly issuer: string;
  readonly base: string;
  readonly jwksFile: string;
  /** Another entry has the same issuer, so that evidence must say which is meant. */
  readonly shared: boolean;
}

function devEntry(document: JsonObject, wanted: string | undefined): DevEntry {
  const evidence = document["evidence"];
  const oidc = isJsonObject(evidence) && isJsonObject(evidence["oidc"]) ? evidence["oidc"] : {};
  const entries = Object.entries(oidc).flatMap(([name, entry]) =>
    isJsonObject(entry) && entry["dev"] === true ? [{ name, entry }] : [],
  );
  const chosen = wanted === undefined ? entries : entries.filter(({ name }) => name === wanted);
  const [only, another] = chosen;
  if (only === undefined) {
    throw new CommandError(
      "the configuration has no such entry with dev: true under evidence.oidc; svidmint init writes one",
      2,
    );
  }
  if (another !== undefined)
    throw new UsageError(
      `several dev entries: say --entry ${entries.map(({ name }) => name).join(" or ")}`,
    );
  const { name, entry } = only;
  const { jwks, audience } = entry;
  if (typeof jwks !== "string" || !jwks.startsWith("file:"))
    throw new CommandError(
      `evidence.oidc.${printable(name)}.jwks is not file:…, so that there is no key to sign with`,
      2,
    );
  const base = typeof audience === "string" ? audience : document["issuer"];
  if (typeof base !== "string") throw new CommandError("the configuration has no issuer", 2);
  const own = issuerOf(entry, name);
  const shared =
    Object.entries(oidc).filter(([other, one]) => isJsonObject(one) && issuerOf(one, other) === own)
      .length > 1;
  return { name, issuer: own, base, jwksFile: jwks.slice("file:".length), shared };
}

function issuerOf(entry: JsonObject, name: string): string {
  return typeof entry["issuer"] === "string" ? entry["issuer"] : devIssuer(name);
}

/** What a claim of the token's own would be is not taken from here. */
function extraClaims(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  const parsed = parseJsonObject(text);
  if (!parsed.ok) throw new UsageError("--claims is not a JSON object");
  const own = ["iss", "sub", "aud", "iat", "exp"].find((name) => Object.hasOwn(parsed.value, name));
  if (own !== undefined) throw new UsageError(`--claims may not set ${own}`);
  return parsed.value;
}
