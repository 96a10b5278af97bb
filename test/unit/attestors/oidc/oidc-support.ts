import type { Attestation } from "../../../../src/attestation.ts";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import type { Result } from "../../../../src/result.ts";
import { JKT, judge } from "../../../conformance/attestor.ts";
import { keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";

export const CI = "https://ci.example.com";
export const KEYS = "https://ci.example.com/keys";
export const CLAIMS = {
  iss: CI,
  aud: ISSUER as unknown,
  sub: "org:42:pipeline:deploy",
  organization_id: "42",
  branch: "main",
  iat: NOW - 10,
  exp: NOW + 300,
};

export const key = await tokenKey("ES256", "ci-1");
export const jwks = keySetUrl(key);
export const entry = { issuer: CI, pin: { claim: "organization_id", values: ["42", "43"] }, jwks };

/** A token of these claims, as the configured issuer would sign it. */
export async function judgeClaims(
  claims: object,
  settings: object = entry,
  more: object = {},
): Promise<Result<Attestation>> {
  const attestor = await buildClean(oidc, { ci: settings });
  return judge(attestor, { type: "oidc", token: await key.sign(claims), ...more }, NOW, JKT);
}
