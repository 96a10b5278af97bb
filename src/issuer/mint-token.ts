import { whenReady } from "../encoding/awaitable.ts";
import type { ProvenKey } from "../attestors/possession.ts";
import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { algorithmName, encodeJws } from "../encoding/jws.ts";
import { fail, ok, type Result } from "../result.ts";
import type { TokenKey } from "../signer/key-set.ts";
import { lintJwtSvidInput } from "../svid/jwt-lint.ts";
import { buildJwtSvidInput } from "../svid/jwt-svid.ts";
import { TOKEN_SVID_ALGORITHMS, type TokenProfile } from "../svid/token-profile.ts";
import { lintWitSvidInput } from "../svid/wit-lint.ts";
import { buildWitSvidInput } from "../svid/wit-svid.ts";
import type { MintContext, Prepared } from "./mint.ts";

const JTI_BYTES = 16;

/** A JWT-SVID or a WIT-SVID. */
export interface PreparedToken extends Prepared<string> {
  readonly jti: string;
  readonly signer: string;
}

/** @returns `lint_failed` */
export async function prepareJwt(
  key: TokenKey,
  audience: readonly string[],
  ttlSeconds: number,
  context: MintContext,
): Promise<Result<PreparedToken>> {
  const { trustDomain, issuer } = context;
  const profile = { ...tokenProfile(key, ttlSeconds, context), issuer, audience };
  const input = buildJwtSvidInput(profile);
  const lint = lintJwtSvidInput(input, { ...profile, trustDomain });
  return lint.ok ? ok(preparedToken(key, input, profile)) : lint;
}

/** @returns `lint_failed`; `key_unsupported` for a kind of key that no WIT-SVID can name */
export async function prepareWit(
  key: TokenKey,
  subject: ProvenKey,
  ttlSeconds: number,
  context: MintContext,
): Promise<Result<PreparedToken>> {
  const { trustDomain } = context;
  const alg = confirmationAlgorithm(subject);
  if (!alg.ok) return alg;
  const confirmation = { info: subject.key.info, alg: alg.value };
  const profile = { ...tokenProfile(key, ttlSeconds, context), confirmation };
  const input = buildWitSvidInput(profile);
  const lint = lintWitSvidInput(input, { ...profile, trustDomain });
  return lint.ok ? ok(preparedToken(key, input, profile)) : lint;
}

/**
 * The algorithm by which a workload proved its key, as JOSE names it: what `cnf.jwk.alg` will hold it to.
 * @returns `key_unsupported` where WIT-SVIDs know none
 */
export function confirmationAlgorithm({ key, scheme }: ProvenKey): Result<string> {
  const alg = algorithmName(scheme, key.info);
  return alg !== undefined && TOKEN_SVID_ALGORITHMS.has(alg)
    ? ok(alg)
    : fail("key_unsupported", "a WIT-SVID is for an RSA key or one of P-256, P-384 or P-521");
}

function tokenProfile(key: TokenKey, ttlSeconds: number, context: MintContext): TokenProfile {
  const { now, spiffeId } = context;
  return {
    alg: key.signer.algorithm,
    kid: key.kid,
    spiffeId,
    issuedAt: now,
    expiresAt: now + ttlSeconds,
    jti: encodeBase64url(context.random(JTI_BYTES)),
  };
}

function preparedToken(
  { signer }: TokenKey,
  input: string,
  { expiresAt, jti }: TokenProfile,
): PreparedToken {
  const bytes = utf8Encode(input);
  return {
    input: bytes,
    expiresAt,
    jti,
    signer: signer.id,
    sign: () => whenReady(signer.sign(bytes), (signature) => encodeJws(input, signature)),
  };
}
