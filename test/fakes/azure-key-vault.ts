import { toHex } from "../../src/encoding/bytes.ts";
import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { answerToken, tokenFor } from "./azure-tokens.ts";
import { jwkOf, signDigest } from "./digest-signer.ts";
import { base64 } from "./keys.ts";
import { later } from "./later.ts";

/** As much of Azure Key Vault as keys that sign and unwrap ask, written from the REST reference, version 7.4. */
export interface VaultAnswer {
  readonly kid: string;
  readonly value: string;
}

interface Asked {
  readonly operation: string;
  readonly kid: string;
  readonly alg: string;
}

/** One signature that the vault made, whether or not its answer arrived. */
export interface SignedDigest {
  readonly kid: string;
  readonly alg: string;
  /** Hexadecimal. */
  readonly digest: string;
}

const HASHES: Readonly<Record<string, HashName>> = {
  "256": "SHA-256",
  "384": "SHA-384",
  "512": "SHA-512",
};
/** Identifiers of keys, and what is done with them. */
const PATH = /^\/keys\/([A-Za-z0-9-]+)\/([0-9a-f]{32})(?:\/(\w+))?$/;

export class FakeKeyVault {
  readonly asked: Asked[] = [];
  readonly ledger: SignedDigest[] = [];
  /** In place of an operation's answer; undefined: that one. */
  fault: (answer: VaultAnswer) => Response | Promise<Response> | undefined = () => undefined;
  readonly #platform: Platform;
  readonly #origin: string;
  readonly #resource: string;
  readonly #keys = new Map<string, JsonWebKey>();

  /** @param resource whose tokens it accepts, and asks for in its challenge */
  constructor(
    platform: Platform,
    origin = "https://svidmint.vault.azure.net",
    resource = "https://vault.azure.net",
  ) {
    this.#platform = platform;
    this.#origin = origin;
    this.#resource = resource;
  }

  /** @returns its identifier */
  async add(name: string, key: PrivateKey, version = "0".repeat(31) + "1"): Promise<string> {
    const pkcs8 = new Uint8Array(await this.#platform.exportPrivateKey(key));
    const { info } = key.publicKey;
    const algorithm =
      info.type === "EC"
        ? { name: "ECDSA", namedCurve: info.curve }
        : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const signing = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
    const { kty, crv, n, e, d, p, q, dp, dq, qi, x, y } = await jwkOf(signing);
    const parts = { kty, crv, n, e, d, p, q, dp, dq, qi, x, y };
    this.#keys.set(`${name}/${version}`, JSON.parse(JSON.stringify(parts)));
    return `${this.#origin}/keys/${name}/${version}`;
  }

  /** For what runs in this process: the vault under its own name, and Entra. */
  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    const known = [this.#origin, "https://login.microsoftonline.com", "http://127.0.0.1:41356"];
    if (!known.includes(new URL(url).origin)) throw new TypeError(`no such host: ${url}`);
    return this.handle(request);
  };

  /** For an HTTP server: at whatever address, it is this vault, and the endpoint of a managed identity. */
  readonly handle = async (request: Request): Promise<Response> => {
    const token = await answerToken(request.clone());
    if (token !== undefined) return token;
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${tokenFor(this.#resource)}`)
      return challenge(this.#resource);
    const [, name, version, operation] = PATH.exec(pathname.replace(/^\/\//, "/")) ?? [];
    if (searchParams.get("api-version") === null) return failure(400, "BadParameter");
    const key = this.#keys.get(`${name}/${version}`);
    if (key === undefined) return failure(404, "KeyNotFound");
    const kid = `${this.#origin}/keys/${name}/${version}`;
    if (operation === undefined) return Response.json({ key: { kid, ...publicHalf(key) } });
    const { alg, value } = JSON.parse(await request.text());
    this.asked.push({ operation, kid, alg });
    await later();
    const result = await this.#operate(operation, kid, key, alg, value);
    if (result === undefined) return failure(400, "BadParameter");
    const answer = { kid, value: base64url(result) };
    return (await this.fault(answer)) ?? Response.json(answer);
  };

  async #operate(
    operation: string,
    kid: string,
    key: JsonWebKey,
    alg: string,
    value: string,
  ): Promise<Uint8Array | undefined> {
    const bytes = fromBase64url(value);
    if (operation === "sign") {
      const scheme = schemeNamed(alg);
      if (scheme === undefined || (scheme.name === "ECDSA") !== (key.kty === "EC"))
        return undefined;
      if (bytes.length !== Number(alg.slice(2)) / 8) return undefined;
      this.ledger.push({ kid, alg, digest: toHex(bytes) });
      return signDigest(scheme, await imported(key), bytes);
    }
    if (alg !== "RSA-OAEP-256" || key.kty !== "RSA") return undefined;
    if (operation === "wrapkey") return oaep(publicHalf(key), "encrypt", bytes);
    return operation === "unwrapkey" ? oaep(key, "decrypt", bytes) : undefined;
  }
}

/** @returns undefined for what was not encrypted for this key */
async function oaep(
  jwk: JsonWebKey,
  usage: "encrypt" | "decrypt",
  bytes: Uint8Array,
): Promise<Uint8Array | undefined> {
  const name = "RSA-OAEP";
  const key = await crypto.subtle.importKey("jwk", jwk, { name, hash: "SHA-256" }, false, [usage]);
  const done = crypto.subtle[usage]({ name }, key, new Uint8Array(bytes));
  return done.then((result) => new Uint8Array(result)).catch(() => undefined);
}

async function imported(key: JsonWebKey): Promise<CryptoKey> {
  const algorithm =
    key.kty === "EC"
      ? { name: "ECDSA", namedCurve: key.crv ?? "" }
      : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return crypto.subtle.importKey("jwk", key, algorithm, true, ["sign"]);
}

function publicHalf(key: JsonWebKey): JsonWebKey {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...rest } = key;
  return rest;
}

function schemeNamed(alg: string): SignatureScheme | undefined {
  const hash = HASHES[alg.slice(2)];
  if (hash === undefined) return undefined;
  if (alg.startsWith("ES")) return { name: "ECDSA", hash };
  return { name: alg.startsWith("PS") ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", hash };
}

/** As the vault names its refusals. */
export function failure(
  status: number,
  code: string,
  innererror?: string,
  headers: Record<string, string> = {},
): Response {
  const inner = innererror === undefined ? {} : { innererror: { code: innererror } };
  const error = { code, message: "the secret is hunter2", ...inner };
  return Response.json({ error }, { status, headers });
}

/** What whoever comes without a token is told: whom to get one for. */
function challenge(resource: string): Response {
  const authorization = 'authorization="https://login.microsoftonline.com/7a2b-33"';
  return failure(401, "Unauthorized", undefined, {
    "www-authenticate": `Bearer ${authorization}, resource="${resource}"`,
  });
}

export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64url(text: string): Uint8Array {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}
