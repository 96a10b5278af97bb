import type { Jws } from "../../encoding/jws.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { TokenRules } from "../../svid/read-token.ts";
import { checkJwtSvidHeader, readJwtSvid } from "../../svid/verify-jwt-svid.ts";
import { gradeAudience } from "../binding.ts";
import type { Examined } from "./examined.ts";

export interface JwtSvidOptions {
  /** The base of S, and the one audience without a key. */
  readonly base: string;
  readonly maxLifetimeSeconds: number;
}

/** A JWT-SVID is made for one audience: a verifier that shares it with us could hand it in here. */
export function examineJwtSvid(
  jws: Jws,
  rules: TokenRules,
  { base, maxLifetimeSeconds }: JwtSvidOptions,
): Result<Examined> {
  const header = checkJwtSvidHeader(jws);
  if (!header.ok) return header;
  const svid = readJwtSvid(jws.claims, rules);
  if (!svid.ok) return svid;
  const { expiresAt, issuedAt, notBefore, spiffeId } = svid.value;
  const binding = gradeAudience(jws.claims["aud"], base);
  if (!binding.ok) return binding;
  // Without `iat`, which need not be there, what is left of it is all that can be judged.
  const begins = issuedAt ?? rules.now;
  if (expiresAt - begins > maxLifetimeSeconds || (issuedAt !== undefined && expiresAt <= issuedAt))
    return fail("evidence_lifetime");
  const from = Math.max(issuedAt ?? 0, notBefore ?? 0);
  return ok({
    subject: { spiffeId, expiresAt, ...(from > 0 && { notBefore: from }) },
    binding: binding.value,
    authorities: ({ jwtAuthorities }) => jwtAuthorities,
  });
}
