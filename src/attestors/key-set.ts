import { isJsonObject, parseJsonObject, type JsonObject } from "../encoding/json.ts";
import { keyFits } from "../encoding/jws.ts";
import { checkKeyQuality } from "../encoding/key-quality.ts";
import type { CryptoPrimitives, PublicKey, PublicKeyInfo } from "../encoding/primitives.ts";
import { parseJwk } from "../encoding/public-key.ts";
import { type Awaitable, fail, ok, type Result } from "../result.ts";

/** Where the keys of one issuer come from. */
export interface KeySource {
  /**
   * @param now Unix seconds
   * @returns `key_unknown`, `algorithm_not_allowed`; `keys_unavailable` where the keys could not be fetched, which
   *   says nothing against the token
   */
  find(kid: string, alg: string, now: number): Awaitable<Result<PublicKey>>;
}

/** The key in a member of a set, where the issuer writes it in another way than RFC 7517 has it. */
export type KeyReader = (jwk: JsonObject) => Result<PublicKeyInfo>;

/** A key of the set; weighed and imported when a token first names it, and then kept. */
interface SetKey {
  readonly info: PublicKeyInfo;
  readonly alg?: string;
  usable?: Result<PublicKey>;
}

/** The signature keys of one issuer, by `kid` (RFC 7517 §5). */
export class KeySet {
  /** Members of `keys` that cannot be used: no `kid`, another use, private, unsupported, or a `kid` seen before. */
  readonly ignored: number;
  readonly #keys: ReadonlyMap<string, SetKey>;

  private constructor(keys: ReadonlyMap<string, SetKey>, ignored: number) {
    this.#keys = keys;
    this.ignored = ignored;
  }

  /**
   * A set may be empty: an issuer that withdraws every key means it.
   * @returns `json_malformed` | `json_duplicate_key`; a member that is not understood is ignored, as RFC 7517 §5 has it
   */
  static parse(bytes: Uint8Array, readKey: KeyReader = parseJwk): Result<KeySet> {
    const document = parseJsonObject(bytes);
    if (!document.ok) return document;
    const { keys: members } = document.value;
    if (!Array.isArray(members)) return fail("json_malformed", "no array of keys");
    const keys = new Map<string, SetKey>();
    for (const jwk of members) {
      const key = isJsonObject(jwk) ? signatureKey(jwk, readKey) : undefined;
      // The first of two keys with one id stays: which one is meant must not depend on which one fits.
      if (key !== undefined && !keys.has(key.kid)) keys.set(key.kid, key);
    }
    return ok(new KeySet(keys, members.length - keys.size));
  }

  get size(): number {
    return this.#keys.size;
  }

  has(kid: string): boolean {
    return this.#keys.has(kid);
  }

  /** @returns `key_unknown` | `algorithm_not_allowed` | `key_weak` and its like, for a key that nobody should use */
  find(kid: string, alg: string, crypto: CryptoPrimitives): Awaitable<Result<PublicKey>> {
    const key = this.#keys.get(kid);
    if (key === undefined) return fail("key_unknown");
    if (!keyFits(alg, key.info) || (key.alg !== undefined && key.alg !== alg))
      return fail("algorithm_not_allowed", "not the key's algorithm");
    return key.usable ?? prepare(key, crypto);
  }
}

function signatureKey(
  jwk: JsonObject,
  readKey: KeyReader,
): (SetKey & { readonly kid: string }) | undefined {
  const { kid, alg, use, key_ops: operations } = jwk;
  if (typeof kid !== "string" || kid === "") return undefined;
  if (use !== undefined && use !== "sig") return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify")))
    return undefined;
  if (alg !== undefined && typeof alg !== "string") return undefined;
  const info = readKey(jwk);
  if (!info.ok) return undefined;
  return alg === undefined ? { kid, info: info.value } : { kid, info: info.value, alg };
}

async function prepare(key: SetKey, crypto: CryptoPrimitives): Promise<Result<PublicKey>> {
  const quality = checkKeyQuality(key.info);
  // The outcome is kept, not a promise of it: on Workers a promise of one request must not be awaited by another.
  key.usable = quality.ok
    ? await crypto.importPublicKey(key.info)
    : fail("key_unknown", "the published key is unsafe");
  return key.usable;
}
