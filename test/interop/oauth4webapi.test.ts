import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUDIENCE, makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { counterparts } from "./support/counterparts.ts";
import { forgeToken, issueJwt } from "./support/svids.ts";

const needs = counterparts();

/**
 * An OpenID Connect relying party knows nothing of SPIFFE: it finds the issuer by its URL alone, as
 * AWS, Google Cloud, Entra and Vault do, and takes the JWT-SVID for an ID token whose client is
 * the audience.
 */
describe.skipIf(needs.absent)(`oauth4webapi as a relying party${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  const insecure = { [oauth.allowInsecureRequests]: true }; // http, on loopback
  let issuer: Svidmint;
  let server: oauth.AuthorizationServer;

  beforeAll(async () => {
    issuer = stack.use(await startSvidmint({ evidence }));
    const url = new URL(issuer.url);
    const response = await oauth.discoveryRequest(url, { ...insecure, algorithm: "oidc" });
    server = await oauth.processDiscoveryResponse(url, response);
  });
  afterAll(() => stack.disposeAsync());

  /** Claims first, then the signature with the key that discovery leads to. */
  const verify = async (token: string, audience: string): Promise<oauth.IDToken | undefined> => {
    const client: oauth.Client = { client_id: audience };
    const response = Response.json({ access_token: "none", token_type: "Bearer", id_token: token });
    const result = await oauth.processGenericTokenEndpointResponse(server, client, response);
    await oauth.validateApplicationLevelSignature(server, response, insecure);
    return oauth.getValidatedIdTokenClaims(result);
  };

  it("discovers the issuer", () => {
    expect(server.issuer).toBe(issuer.url);
    expect(server.jwks_uri).toBe(`${issuer.url}/.well-known/jwks.json`);
    expect(server["id_token_signing_alg_values_supported"]).toContain("ES256");
  });

  it("verifies a JWT-SVID", async () => {
    const claims = await verify(await issueJwt(issuer.url, evidence), AUDIENCE);
    expect(claims).toMatchObject({
      iss: issuer.url,
      sub: `spiffe://${TRUST_DOMAIN}/ci/build`,
      aud: AUDIENCE,
    });
  });

  it("refuses another audience, a forged signature and another issuer's token", async () => {
    const token = await issueJwt(issuer.url, evidence);
    await expect(verify(token, "https://elsewhere.example")).rejects.toThrow(/aud/u);
    await expect(verify(forgeToken(token), AUDIENCE)).rejects.toThrow(/signature/u);
    await using stranger = await startSvidmint({ evidence });
    await expect(verify(await issueJwt(stranger.url, evidence), AUDIENCE)).rejects.toThrow(/iss/u);
  });

  it("does not take the issuer for another one", async () => {
    const url = new URL(issuer.url);
    const response = await oauth.discoveryRequest(url, { ...insecure, algorithm: "oidc" });
    await expect(
      oauth.processDiscoveryResponse(new URL("https://id.example"), response),
    ).rejects.toThrow(/issuer/u);
  });
});
