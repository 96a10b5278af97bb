import { describe } from "vitest";
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
    return {
      ...fixture,
      member: "token",
      good: async (binding) =>
        evidence(
          await fixture.key.sign(
            fixture.claims(
              binding.kind === "key"
                ? boundAudience(fixture.audience, binding.jkt)
                : fixture.audience,
            ),
          ),
        ),
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
