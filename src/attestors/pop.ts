import type { Jws } from "../encoding/jws.ts";
import { keyFits, parseJws, verifyJws } from "../encoding/jws.ts";
import { checkKeyQuality } from "../encoding/key-quality.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Result } from "../result.ts";
import type { Certificate } from "../svid/certificate.ts";
import { gradeAudience } from "./binding.ts";

/**
 * Proof that the sender of a certificate holds its key, for the one key that is to get an SVID: a JWS by the
 * certificate's key with `typ`, `aud` = S of the requested key, `iat` and `jti`. Evidence of `x509_pop` and
 * `oci_instance` carries it in `proof`.
 */
const TYPE = "svidmint-pop+jwt";
const MAX_CHARACTERS = 4096;
/** How far `iat` may be from our clock, in either direction, in seconds. */
const WINDOW_SECONDS = 60;
const MAX_JTI_CHARACTERS = 256;

/** Not verified. @returns as `parseJws`; `jws_type` */
export function parsePop(proof: string): Result<Jws> {
  const jws = parseJws(proof, { maxBytes: MAX_CHARACTERS });
  return jws.ok && jws.value.typ !== TYPE ? fail("jws_type") : jws;
}

/**
 * All but the signature: the certificate's dates, its key and the proof's algorithm, which key the proof names, when it was made.
 * @returns the thumbprint that the proof names; `evidence_expired` | `evidence_not_yet_valid` | `algorithm_not_allowed`
 *   | `audience_mismatch` | `claim_missing` | `claim_type`
 */
export function precheckPop(
  { alg, claims }: Jws,
  leaf: Certificate,
  base: string,
  now: number,
): Result<string> {
  if (now > leaf.notAfter) return fail("evidence_expired", "certificate");
  if (now < leaf.notBefore) return fail("evidence_not_yet_valid", "certificate");
  if (!keyFits(alg, leaf.info))
    return fail("algorithm_not_allowed", "not one of the certificate's key");
  const binding = gradeAudience(claims.aud, base);
  if (!binding.ok) return binding;
  if (binding.value.kind !== "key") return fail("audience_mismatch", "the proof names no key");
  const { iat, exp, nbf, jti } = claims;
  if (iat === undefined || jti === undefined) return fail("claim_missing", "iat or jti");
  if (typeof jti !== "string" || jti.length === 0 || jti.length > MAX_JTI_CHARACTERS)
    return fail("claim_type", "jti");
  if (typeof iat !== "number" || !Number.isSafeInteger(iat)) return fail("claim_type", "iat");
  if (iat < now - WINDOW_SECONDS) return fail("evidence_expired", "proof");
  if (iat > now + WINDOW_SECONDS) return fail("evidence_not_yet_valid", "proof");
  // Neither is needed beside `iat`; a proof that states one means it (RFC 7519 §4.1.4, §4.1.5).
  if (exp !== undefined && !(typeof exp === "number" && now < exp + WINDOW_SECONDS))
    return fail("evidence_expired", "proof");
  if (nbf !== undefined && !(typeof nbf === "number" && now >= nbf - WINDOW_SECONDS))
    return fail("evidence_not_yet_valid", "proof");
  return ok(binding.value.jkt);
}

/**
 * By the certificate's own key: whatever key the proof's header names is not looked at. Whose certificate it is stays open.
 * @returns `key_malformed` | `algorithm_not_allowed` | `signature_invalid`
 */
export async function verifyPop(
  jws: Jws,
  leaf: Certificate,
  platform: Pick<Platform, "importPublicKey" | "verify" | "digest" | "digestText">,
): Promise<Result<void>> {
  // A key that anybody can compute proves nothing, whoever certified it.
  const strong = checkKeyQuality(leaf.info);
  if (!strong.ok)
    return fail("algorithm_not_allowed", `the certificate's key: ${strong.error.detail ?? "weak"}`);
  const key = await platform.importPublicKey(leaf.info);
  return key.ok ? verifyJws(jws, key.value, platform) : key;
}
