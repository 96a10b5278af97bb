import * as z from "zod/mini";
import { fail, ok, type Result } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { tokenAttestor, type TokenProfile } from "../token.ts";
import { oidcConfig } from "./config.ts";
import type { OidcConfig, OidcEntry } from "./entry.ts";
import { factorOf } from "./factor.ts";
import { nameOf, TYPE } from "./name.ts";
import type { OidcPreset } from "./preset.ts";
import { PRESETS } from "./presets.ts";
import { profilesOf } from "./profile.ts";
import { settleConfig, type SettledConfig } from "./settle.ts";

const evidence = z.strictObject({
  type: z.literal(TYPE),
  token: z.string(),
  /** Which of several entries that share the token's issuer; it can choose among those and nothing else. */
  entry: z.optional(z.string()),
});
type OidcEvidence = z.infer<typeof evidence>;

/** Tokens of configured OpenID Connect issuers, each under an entry with a name of the operator's. */
export function oidcDefinition(presets: readonly OidcPreset[]): AttestorDefinition<OidcConfig> {
  const presetOf = (entry: OidcEntry) => presets.find(({ name }) => name === entry.preset);
  return {
    type: TYPE,
    evidence,
    config: () => oidcConfig(presets),
    standIns: { "*": { issuer: "https://issuer.invalid", pin: "issuer" } },
    factors: (config) =>
      Object.entries(config).map(([name, entry]) => factorOf(name, entry, presetOf(entry))),
    settle: async (config) => settleConfig(config, presetOf),
    create: (config, deps) => openOidc(settleConfig(config, presetOf), deps),
  };
}

export { devIssuer } from "./name.ts";

export const oidc = /* @__PURE__ */ oidcDefinition(PRESETS);

/** Presets are in the settled configuration already. */
export async function openOidc(config: SettledConfig, deps: AttestorDeps): Promise<Attestor> {
  const profiles = await Promise.all(
    Object.entries(config).map(([name, entry]) => profilesOf(name, entry, deps)),
  );
  return attestor(profiles.flat(), deps);
}

function attestor(profiles: readonly TokenProfile[], deps: AttestorDeps): Attestor {
  const byIssuer = new Map<string, TokenProfile[]>();
  for (const profile of profiles) {
    byIssuer.set(profile.issuer, [...(byIssuer.get(profile.issuer) ?? []), profile]);
  }
  return tokenAttestor<OidcEvidence>({
    type: TYPE,
    evidence,
    platform: deps.platform,
    trustDomain: deps.trustDomain,
    selectProfile(issuer, { entry }): Result<TokenProfile> {
      const candidates = byIssuer.get(issuer) ?? [];
      const wanted =
        entry === undefined ? candidates : candidates.filter(({ name }) => name === nameOf(entry));
      const [profile, another] = wanted;
      if (profile === undefined) return fail("issuer_not_configured");
      return another === undefined ? ok(profile) : fail("entry_required");
    },
  });
}
