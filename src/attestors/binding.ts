import type { Binding } from "../attestation.ts";
import type { JsonValue } from "../encoding/json.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { fail, ok, type Err, type Failure, type Result } from "../result.ts";
import type { PrecheckRefusal } from "./attestor.ts";

/** What stands between the base and the thumbprint: no audience of ours may contain it otherwise. */
export const KEY_MARK = "/jkt/";
/** A SHA-256 in base64url. Whether it is a thumbprint of anything is decided by comparing it. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;
const THUMBPRINT_CHARACTERS = 43;

/**
 * S: the audience that ties evidence to one key, so that whoever steals it cannot use it, here or elsewhere.
 * @param base the attestor's configured audience, else the issuer URL
 * @param jkt RFC 7638 SHA-256 thumbprint of the key, base64url
 */
export function boundAudience(base: string, jkt: string): string {
  return base + KEY_MARK + jkt;
}

/** The one value of an `aud` claim: a string, or an array of exactly one. Anything else is nobody's audience. */
export function singleAudience(aud: JsonValue | undefined): string | undefined {
  const value: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return typeof value === "string" ? value : undefined;
}

/**
 * What an audience binds to. Compared whole: no case folding, no trailing slash, no URL parsing.
 * Evidence that names a key is class `key` whatever key that is; it is never read as mere `<base>`.
 * @returns `audience_mismatch` for everything but `<base>` and `<base>/jkt/<thumbprint>`
 */
export function gradeAudience(aud: JsonValue | undefined, base: string): Result<Binding> {
  const audience = singleAudience(aud);
  if (audience === undefined || !audience.startsWith(base)) return fail("audience_mismatch");
  if (audience.length === base.length) return ok({ kind: "audience" });
  const jkt = audience.slice(base.length + KEY_MARK.length);
  return audience.startsWith(KEY_MARK, base.length) && THUMBPRINT.test(jkt)
    ? ok({ kind: "key", jkt })
    : fail("audience_mismatch");
}

/**
 * What a nonce binds to, where evidence has no audience. Real documents carry times and random bytes there, which bind
 * to nothing: a nonce is taken for S by its end alone, and then it is ours whole or refused.
 * @returns `audience_mismatch` for an S of somebody else's base
 */
export function gradeNonce(nonce: string, base: string): Result<Binding> {
  const at = nonce.length - KEY_MARK.length - THUMBPRINT_CHARACTERS;
  const jkt = nonce.slice(-THUMBPRINT_CHARACTERS);
  if (at < 0 || !nonce.startsWith(KEY_MARK, at) || !THUMBPRINT.test(jkt))
    return ok({ kind: "none" });
  return nonce === boundAudience(base, jkt) ? ok({ kind: "key", jkt }) : fail("audience_mismatch");
}

/** What stands for S where no more than 32 characters fit: half of its SHA-256. Clouds write other characters there. */
const DIGEST_NONCE = /^[0-9a-f]{32}$/;

/** Whether a nonce without room for S names a key: which one, only that key's S can tell. */
export function namesKeyByDigest(nonce: string): boolean {
  return DIGEST_NONCE.test(nonce);
}

/**
 * What a nonce without room for S binds to. One that names a key is never read as one that names none.
 * @param jkt as for `checkBinding`
 * @returns `binding_mismatch`
 */
export async function gradeDigestNonce(
  nonce: string,
  base: string,
  jkt: string | undefined,
  crypto: Pick<CryptoPrimitives, "digestText">,
): Promise<Result<Binding>> {
  if (!namesKeyByDigest(nonce)) return ok({ kind: "none" });
  if (jkt === undefined) return fail("binding_mismatch", "no key was proved");
  const digest = await crypto.digestText("SHA-256", boundAudience(base, jkt), "hex");
  return nonce === digest.slice(0, nonce.length)
    ? ok({ kind: "key", jkt })
    : fail("binding_mismatch", "another key was proved");
}

/** What `precheck` refuses, of evidence that names a key. */
export function refusedWithKey(error: Failure): Err<PrecheckRefusal> {
  return { ok: false, error: { ...error, namesKey: true } };
}

/**
 * Evidence that names a key is good for that key or for nothing.
 * @param jkt of the key whose possession was proved; undefined where none was
 * @returns `binding_mismatch`
 */
export function checkBinding(binding: Binding, jkt: string | undefined): Result<undefined> {
  return binding.kind === "key" && binding.jkt !== jkt
    ? fail("binding_mismatch", jkt === undefined ? "no key was proved" : "another key was proved")
    : ok(undefined);
}
