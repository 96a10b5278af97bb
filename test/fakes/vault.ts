import { decodeBase64, encodeBase64, encodeBase64url } from "../../src/encoding/base64.ts";
import { toHex, utf8Decode, utf8Encode } from "../../src/encoding/bytes.ts";
import { ecdsaRawToDer } from "../../src/encoding/ecdsa.ts";
import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { later } from "./later.ts";

/** As much of Vault as a signature, a data key and a login ask, written from the API's pages. */
interface VaultRequest {
  readonly path: string;
  readonly token: string | null;
  readonly namespace: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

const VAULT = "https://vault.example:8200";
export const VAULT_VARIABLES: Readonly<Record<string, string>> = { VAULT_TOKEN: "hvs.hunter2" };

export function keyUrl(name: string): string {
  return `${VAULT}/v1/transit/keys/${name}`;
}

type Fault = (
  answer: Readonly<Record<string, unknown>>,
) => Response | Promise<Response> | undefined;

export class FakeVault {
  /** Everything that was asked of an engine, in order. */
  readonly asked: VaultRequest[] = [];
  readonly logins: VaultRequest[] = [];
  /** In place of the answer of an engine; undefined: that one. */
  fault: Fault = () => undefined;
  /** The same of a login. */
  loginFault: Fault = () => undefined;
  /** Seconds that a login's token lasts. */
  lease = 3600;
  /** What an engine outside transit answers, by the end of its path. */
  readonly engines = new Map<string, (body: VaultRequest["body"]) => Promise<object>>();
  readonly #tokens = new Set(Object.values(VAULT_VARIABLES));
  readonly #keys = new Map<string, readonly PrivateKey[]>();
  readonly #long: Uint8Array[] = [];
  readonly #platform: Platform;
  readonly #wrapping = crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, [
    "encrypt",
    "decrypt",
  ]);

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** @param versions from the first on. @returns its URL */
  add(name: string, ...versions: readonly PrivateKey[]): string {
    this.#keys.set(name, versions);
    return keyUrl(name);
  }

  revoke(token: string): void {
    this.#tokens.delete(token);
  }

  /** WebCrypto signs no digest: what is too long to be sent whole is known here before. */
  expect(message: Uint8Array): this {
    this.#long.push(message);
    return this;
  }

  /** `transit/encrypt`. */
  async wrap(plain: Uint8Array, context: string): Promise<string> {
    const iv = this.#platform.random(12);
    const cipher = { name: "AES-GCM", iv: view(iv), additionalData: view(utf8Encode(context)) };
    const key = await this.#key();
    const sealed = new Uint8Array(await crypto.subtle.encrypt(cipher, key, view(plain)));
    return `vault:v1:${encodeBase64(new Uint8Array([...iv, ...sealed]))}`;
  }

  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    if (!url.startsWith(`${VAULT}/v1/`) || request.method !== "POST")
      throw new TypeError("no host");
    const { headers } = request;
    const asked: VaultRequest = {
      path: url.slice(VAULT.length + 4),
      token: headers.get("x-vault-token"),
      namespace: headers.get("x-vault-namespace"),
      body: await request.json(),
    };
    await later();
    if (headers.get("x-vault-request") !== "true") return refused(412);
    if (/^auth\/.+\/login$/.test(asked.path)) return this.#logIn(asked);
    this.asked.push(asked);
    if (!this.#tokens.has(asked.token ?? "")) return refused(403);
    const data = await this.#answer(asked);
    return data === undefined ? refused(400) : (this.fault(data) ?? Response.json({ data }));
  };

  async #logIn(asked: VaultRequest): Promise<Response> {
    this.logins.push(asked);
    const client_token = `hvs.login-${this.logins.length}`;
    const auth = { client_token, lease_duration: this.lease, renewable: true };
    const answer = await this.loginFault(auth);
    if (answer !== undefined) return answer;
    this.#tokens.add(client_token);
    return Response.json({ auth });
  }

  async #answer({ path, body }: VaultRequest): Promise<Record<string, unknown> | undefined> {
    for (const [end, engine] of this.engines)
      if (path.endsWith(end)) return { ...(await engine(body)) }; // oxlint-disable-line no-await-in-loop -- it ends here
    const [, operation, name = ""] = /^transit\/(sign|decrypt)\/([\w-]+)$/.exec(path) ?? [];
    if (operation === "decrypt") return this.#decrypt(body);
    const version = Number(body["key_version"]);
    const key = this.#keys.get(name)?.[version - 1];
    const message = await this.#message(body);
    const scheme = schemeOf(body, key);
    if (key === undefined || message === undefined || scheme === undefined) return undefined;
    const raw = await this.#platform.sign(scheme, key, message);
    const der = scheme.name === "ECDSA" ? ecdsaRawToDer(raw) : raw;
    const text = body["marshaling_algorithm"] === "jws" ? encodeBase64url(raw) : encodeBase64(der);
    return { signature: `vault:v${version}:${text}`, key_version: version };
  }

  async #message({ input, prehashed, hash_algorithm }: VaultRequest["body"]) {
    const bytes = decodeBase64(String(input));
    if (!bytes.ok || prehashed !== true) return bytes.ok ? bytes.value : undefined;
    for (const message of this.#long) {
      const digest = await this.#platform.digest(hashOf(hash_algorithm), message); // oxlint-disable-line no-await-in-loop -- one or two
      if (toHex(digest) === toHex(bytes.value)) return message;
    }
    return undefined;
  }

  async #decrypt({ ciphertext, associated_data: data }: VaultRequest["body"]) {
    const sealed = decodeBase64(String(ciphertext).slice("vault:v1:".length));
    const context = decodeBase64(typeof data === "string" ? data : "");
    if (!sealed.ok || !context.ok) return undefined;
    const iv = view(sealed.value.subarray(0, 12));
    const cipher = { name: "AES-GCM", iv, additionalData: view(context.value) };
    const rest = view(sealed.value.subarray(12));
    const plain = await crypto.subtle
      .decrypt(cipher, await this.#key(), rest)
      .catch(() => undefined);
    return plain && { plaintext: encodeBase64(new Uint8Array(plain)) };
  }

  async #key(): Promise<CryptoKey> {
    const key = await this.#wrapping;
    if (!("algorithm" in key)) throw new Error("no key");
    return key;
  }
}

function view(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function hashOf(name: unknown): HashName {
  if (name === "sha2-384") return "SHA-384";
  return name === "sha2-512" ? "SHA-512" : "SHA-256";
}

/** Without `hash_algorithm` and `salt_length` Vault does what no SVID may have. */
function schemeOf(
  body: VaultRequest["body"],
  key: PrivateKey | undefined,
): SignatureScheme | undefined {
  const hash = hashOf(body["hash_algorithm"]);
  const type = key?.publicKey.info.type;
  if (type === "Ed25519") return { name: "Ed25519" };
  if (type === "EC") return { name: "ECDSA", hash };
  if (body["signature_algorithm"] === "pkcs1v15") return { name: "RSASSA-PKCS1-v1_5", hash };
  return body["salt_length"] === "hash" ? { name: "RSA-PSS", hash } : undefined;
}

/** As Vault refuses: a sentence, which must be repeated nowhere. */
export function refused(status: number): Response {
  return Response.json({ errors: ["permission denied: the secret is hunter2"] }, { status });
}

/** What a login sent of itself, text by text. */
export function textOf(base64: unknown): string {
  const bytes = decodeBase64(String(base64));
  return (bytes.ok ? utf8Decode(bytes.value) : undefined) ?? "";
}
