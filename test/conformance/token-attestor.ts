import { describe } from "vitest";
import type { Binding } from "../../src/attestation.ts";
import { boundAudience } from "../../src/attestors/binding.ts";
import { tokenKey } from "../fakes/token-issuer.ts";
import { attestorConformance } from "./attestor.ts";
import { tokenAudience, tokenClaims } from "./token-claims.ts";
import { tokenEnvelope } from "./token-envelope.ts";
import type { TokenFixture } from "./token-fixture.ts";
import { tokenKeys } from "./token-keys.ts";

/** `attestorConformance` with tokens of the fixture's claims. */
export function tokenAttestorBasics(name: string, build: () => Promise<TokenFixture>): void {
  attestorConformance(name, async () => {
    const fixture = await build();
    const stranger = await tokenKey(fixture.key.alg, fixture.key.kid);
    const evidence = (token: string) => ({ ...fixture.members, token });
    const madeFor = (base: string) => async (binding: Binding) => {
      const audience = binding.kind === "key" ? boundAudience(base, binding.jkt) : base;
      return evidence(await fixture.key.sign(fixture.claims(audience)));
    };
    return {
      ...fixture,
      member: "token",
      good: madeFor(fixture.audience),
      misdirected: madeFor("https://other.example"),
      forged: async () => evidence(await stranger.sign(fixture.claims(fixture.audience))),
      calls: () => fixture.network.calls.length,
    };
  });
}

/** The same, and what holds for every evidence that is a JWT. */
export function tokenAttestorConformance(name: string, build: () => Promise<TokenFixture>): void {
  tokenAttestorBasics(name, build);

  describe(`tokens of ${name}`, async () => {
    const fixture = await build();
    if (fixture.byNonce !== true) tokenAudience(fixture);
    tokenClaims(fixture);
    tokenEnvelope(fixture);
    tokenKeys(fixture);
  });
}
