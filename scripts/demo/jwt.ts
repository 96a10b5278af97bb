import { createRemoteJWKSet, jwtVerify } from "jose";

/**
 * What a relying party does that has never heard of SPIFFE: it knows the issuer's URL and its own audience, finds
 * the keys through the discovery document, and verifies with a library of its own.
 * @returns the subject; throws where the token is not for this audience
 */
export async function verifyByDiscovery(
  token: string,
  issuer: string,
  audience: string,
): Promise<string> {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
  const discovered: { issuer: string; jwks_uri: string } = await answer.json();
  if (discovered.issuer !== issuer) throw new Error("the discovery document is another issuer's");
  const keys = createRemoteJWKSet(new URL(discovered.jwks_uri));
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    requiredClaims: ["exp", "sub"],
  });
  return payload.sub ?? "";
}
