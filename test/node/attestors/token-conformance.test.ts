import { oidc } from "../../../src/attestors/oidc/oidc.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { tokenAttestorConformance } from "../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { keySetUrl, tokenKey, type TokenAlgorithm } from "../../fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW, type Surroundings } from "../../unit/attestors/support.ts";

/** The suite of the portable platform once more over `node:crypto`, which verifies synchronously. */
const ALGORITHMS: readonly TokenAlgorithm[] = ["RS256", "ES384"];

function on(network: FakeNetwork): Surroundings {
  return { network, platform: nodePlatform({ fetch: network.fetch }) };
}

for (const alg of ALGORITHMS) {
  tokenAttestorConformance(`oidc over node:crypto, ${alg}`, async () => {
    const key = await tokenKey(alg, "ci-1");
    const network = new FakeNetwork();
    const entry = {
      issuer: "https://ci.example.com",
      pin: { claim: "organization_id", values: ["42"] },
      algorithms: [alg],
      jwks: keySetUrl(key),
    };
    const claims = {
      iss: "https://ci.example.com",
      aud: ISSUER as unknown,
      sub: "x",
      organization_id: "42",
      iat: NOW,
      exp: NOW + 300,
    };
    const [factor] = oidc.factors(oidc.config().parse({ ci: entry }));
    if (factor === undefined) throw new Error("no factor");
    return {
      attestor: await buildClean(oidc, { ci: entry }, on(network)),
      elsewhere: await buildClean(
        oidc,
        { ci: entry },
        { ...on(network), trustDomain: "test.example" },
      ),
      factor,
      now: NOW,
      key,
      network,
      audience: ISSUER,
      maxLifetimeSeconds: 3600,
      claims: (aud) => ({ ...claims, aud }),
      members: { type: "oidc" },
      foreign: async () => ({
        type: "oidc",
        token: await key.sign({ ...claims, organization_id: "43" }),
      }),
      fetching: (served) =>
        buildClean(oidc, { ci: { ...entry, jwks: "https://ci.example.com/keys" } }, on(served)),
      keysUrl: "https://ci.example.com/keys",
    };
  });
}
