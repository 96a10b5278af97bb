import { dirname, resolve } from "node:path";
import { boundAudience, KEY_MARK } from "../../attestors/binding.ts";
import { devIssuer } from "../../attestors/oidc/oidc.ts";
import { keyAlgorithm } from "../../client/key-algorithm.ts";
import { parseCsr } from "../../encoding/csr.ts";
import { utf8Decode, utf8Encode } from "../../encoding/bytes.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { encodeJws, encodeJwsInput } from "../../encoding/jws.ts";
import { decodePem } from "../../encoding/pem.ts";
import { thumbprint } from "../../platform/thumbprint.ts";
import { configPath, readDocument } from "../config.ts";
import { defineCommand } from "../command.ts";
import { devKeyId, devKeyPath } from "../dev-key.ts";
import { CommandError, UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import { platform, readPrivateKey } from "../key-file.ts";
import { print, printable } from "../output.ts";

const LIFETIME_SECONDS = 600;

export default defineCommand({
  about:
    "Signs a token with the development key of this folder, as a cloud would for a workload, and prints it as one member of evidence. The token is bound to the key of --csr or --key, or to the S of --for, and is good for ten minutes. It is worth something only to the issuer whose configuration has the same development key.",
  args: {
    csr: {
      type: "string",
      valueHint: "FILE",
      description: "bind to the key of this certificate request",
    },
    key: { type: "string", valueHint: "FILE", description: "bind to this private key" },
    for: {
      type: "string",
      valueHint: "S",
      description:
        "bind to this S, as svidmint key new prints it; or name the issuer URL alone, for any key",
    },
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
    bare: { type: "boolean", description: "print the token alone" },
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
    const audience = await audienceFor(args, entry.base);
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
    print(
      args.bare === true
        ? token
        : JSON.stringify({ type: "oidc", token, ...(entry.shared ? { entry: entry.name } : {}) }),
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

interface Target {
  readonly csr?: string | undefined;
  readonly key?: string | undefined;
  readonly for?: string | undefined;
}

async function audienceFor({ csr, key, for: s }: Target, base: string): Promise<string> {
  if ([csr, key, s].filter((one) => one !== undefined).length !== 1)
    throw new UsageError("give one of --csr, --key and --for");
  if (s !== undefined) {
    const known =
      s === base ||
      (s.startsWith(base + KEY_MARK) && /^[\w-]{43}$/.test(s.slice(base.length + KEY_MARK.length)));
    if (!known)
      throw new UsageError(
        `--for must be ${printable(base)}, or ${printable(base)}${KEY_MARK} and a thumbprint`,
      );
    return s;
  }
  if (key !== undefined)
    return boundAudience(
      base,
      await thumbprint(platform, (await readPrivateKey(key)).publicKey.info),
    );
  const text = utf8Decode(await readInput(csr));
  const blocks =
    text === undefined ? undefined : decodePem(text, "CERTIFICATE REQUEST", { max: 1 });
  const parsed =
    blocks?.ok === true && blocks.value[0] !== undefined ? parseCsr(blocks.value[0]) : undefined;
  if (parsed?.ok !== true)
    throw new CommandError(
      `${printable(csr ?? "")} is not one certificate request in PEM; svidmint key new makes one`,
      2,
    );
  return boundAudience(base, await thumbprint(platform, parsed.value.info));
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
