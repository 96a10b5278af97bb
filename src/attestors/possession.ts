import { whenReady } from "../encoding/awaitable.ts";
import { parseCsr, verifyCsr } from "../encoding/csr.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { parseJws, schemeOf, verifyJws } from "../encoding/jws.ts";
import { checkKeyQuality } from "../encoding/key-quality.ts";
import { decodePem } from "../encoding/pem.ts";
import type { PublicKey, PublicKeyInfo, SignatureScheme } from "../encoding/primitives.ts";
import { parseJwk, spkiOf } from "../encoding/public-key.ts";
import type { Platform } from "../platform/platform.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import type { Reason } from "../reasons.ts";
import { fail, ok, type Awaitable, type Failure, type Result } from "../result.ts";

/** A key whose private half signed a proof in this request. */
export interface ProvenKey {
  readonly key: PublicKey;
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly jkt: string;
  /** How the proof was signed. */
  readonly scheme: SignatureScheme;
}

export interface ProvenDpop extends ProvenKey {
  /** The proof's own name, 1 to 256 characters: for the claim store's `once`. */
  readonly jti: string;
}

interface PossessionDeps {
  readonly platform: Platform;
  /** Thumbprints of all keys of the issuer: an SVID for one would let its holder speak as the issuer. */
  readonly ours: Pick<ReadonlySet<string>, "has">;
}

/** What a DPoP proof must have been made for. */
interface DpopTarget {
  /** The endpoint's URL as configuration has it, compared whole: `<issuer>/v1/svids`. */
  readonly htu: string;
  /** SHA-256 of the request's body, base64url. */
  readonly bodySha256: string;
  /** Unix seconds. */
  readonly now: number;
}

const MAX_CSR_CHARACTERS = 16_384;
const MAX_DPOP_CHARACTERS = 8_192;
/** How far `iat` may be from our clock, in either direction, in seconds. */
const DPOP_WINDOW_SECONDS = 60;
const MAX_JTI_CHARACTERS = 256;

/**
 * Proves possession by a certificate request (RFC 2986), one PEM block of label CERTIFICATE REQUEST and 16 KiB.
 * Only its key is taken: names, attributes and requested extensions are not looked at.
 * A CSR is a static proof: whoever sees it can show it again, so it may only lead to what is worthless without the key.
 * Cost: one signature verification with a key met once; none for a key that is weak, too big or ours.
 * @returns `csr_malformed` | `csr_signature_invalid` | `key_unsupported` | `key_weak` | `key_is_ours`
 */
export function proveCsr(pem: string, deps: PossessionDeps): Awaitable<Result<ProvenKey>> {
  if (pem.length > MAX_CSR_CHARACTERS) return fail("csr_malformed", "too large");
  const blocks = decodePem(pem, "CERTIFICATE REQUEST", { max: 1 });
  const der = blocks.ok ? blocks.value[0] : undefined;
  if (der === undefined) return fail("csr_malformed", "not one pem block");
  const csr = parseCsr(der);
  if (!csr.ok) return csr;
  const { info, scheme } = csr.value;
  return whenReady(admitKey(info, deps), (admitted) => {
    if (!admitted.ok) return admitted;
    const { key, jkt } = admitted.value;
    return whenReady(verifyCsr(csr.value, key, deps.platform), (verified) =>
      verified.ok ? ok({ key, jkt, scheme }) : blame(verified, info, deps, "csr_malformed"),
    );
  });
}

/**
 * Proves possession by a DPoP proof (RFC 9449 §4.2, §4.3) that also covers the request's body: `body_sha256`, since
 * without it a proof caught on its way could be sent with other content. The key is the one the proof carries; it is
 * trusted for nothing but having signed this. Cost: one signature verification with a key met once, after all else.
 * @param header the `DPoP` header's value; of two headers the runtime makes one list, which is no JWS
 * @returns `dpop_malformed` | `dpop_target_mismatch` | `dpop_time` | `dpop_body_mismatch` | `dpop_signature_invalid`
 * | `key_unsupported` | `key_weak` | `key_is_ours`
 */
export async function proveDpop(
  header: string,
  target: DpopTarget,
  deps: PossessionDeps,
): Promise<Result<ProvenDpop>> {
  const jws = parseJws(header, { maxBytes: MAX_DPOP_CHARACTERS });
  if (!jws.ok) return retold(jws.error, "dpop_malformed");
  const { alg, typ, claims } = jws.value;
  const scheme = schemeOf(alg);
  if (typ !== "dpop+jwt" || scheme === undefined) return fail("dpop_malformed", "typ or alg");
  const { jwk } = jws.value.header;
  if (!isJsonObject(jwk)) return fail("dpop_malformed", "jwk");
  const info = parseJwk(jwk);
  if (!info.ok) return retold(info.error, "dpop_malformed");
  const jti = checkDpopClaims(claims, target);
  if (!jti.ok) return jti;
  const admitted = await admitKey(info.value, deps);
  if (!admitted.ok) return admitted;
  const verified = await verifyJws(jws.value, admitted.value.key, deps.platform);
  if (!verified.ok) {
    const fits = verified.error.reason === "signature_invalid";
    return fits
      ? blame(fail("dpop_signature_invalid"), info.value, deps, "dpop_malformed")
      : fail("dpop_malformed", "alg is not the key's");
  }
  return ok({ ...admitted.value, scheme, jti: jti.value });
}

function checkDpopClaims(claims: JsonObject, target: DpopTarget): Result<string> {
  const { htm, htu, iat, exp, nbf, jti, body_sha256: bodySha256 } = claims;
  if (typeof jti !== "string" || jti.length === 0 || jti.length > MAX_JTI_CHARACTERS)
    return fail("dpop_malformed", "jti");
  if (htm !== "POST" || htu !== target.htu) return fail("dpop_target_mismatch");
  const { now } = target;
  if (!Number.isSafeInteger(iat) || typeof iat !== "number") return fail("dpop_malformed", "iat");
  if (Math.abs(now - iat) > DPOP_WINDOW_SECONDS) return fail("dpop_time", "iat");
  // Neither is needed beside `iat`; a proof that states one means it (RFC 7519 §4.1.4, §4.1.5).
  if (exp !== undefined && !(typeof exp === "number" && now < exp + DPOP_WINDOW_SECONDS))
    return fail("dpop_time", "exp");
  if (nbf !== undefined && !(typeof nbf === "number" && now >= nbf - DPOP_WINDOW_SECONDS))
    return fail("dpop_time", "nbf");
  if (typeof bodySha256 !== "string") return fail("dpop_malformed", "body_sha256");
  return bodySha256 === target.bodySha256 ? ok(jti) : fail("dpop_body_mismatch");
}

/** Strong, and not ours. Whether it is a key indeed shows when it verifies, which is all that it is for. */
function admitKey(
  info: PublicKeyInfo,
  { platform, ours }: PossessionDeps,
): Awaitable<Result<{ key: PublicKey; jkt: string }>> {
  const strong = checkKeyQuality(info);
  if (!strong.ok) return strong;
  return whenReady(thumbprint(platform, info), (jkt) =>
    ours.has(jkt) ? fail("key_is_ours") : ok({ key: { info, spki: spkiOf(info) }, jkt }),
  );
}

/** A signature that does not verify may be wrong, or made for what is no key. */
function blame(
  refused: Result<never>,
  info: PublicKeyInfo,
  { platform }: PossessionDeps,
  malformed: Reason,
): Awaitable<Result<never>> {
  return whenReady(platform.importPublicKey(info), (key) =>
    key.ok ? refused : retold(key.error, malformed),
  );
}

/** Decoders say what is wrong in words of their own; here all of it is the proof's fault, but for the kind of key. */
function retold({ reason, detail }: Failure, malformed: Reason): Result<never> {
  if (reason === "key_unsupported") return fail(reason, detail);
  return fail(malformed, detail ?? reason);
}
