import * as z from "zod/mini";
import { fail, ok, type Result } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { tokenAttestor, type TokenProfile } from "../token.ts";
import { oidcConfig, type OidcConfig, type OidcEntry } from "./config.ts";
import { factorOf, nameOf, TYPE } from "./factor.ts";
import type { OidcPreset } from "./preset.ts";
import { profileOf } from "./profile.ts";

const evidence = z.strictObject({
  type: z.literal(TYPE),
  token: z.string(),
  /** Which of several entries that share the token's issuer; it can choose among those and nothing else. */
  entry: z.optional(z.string()),
});
type OidcEvidence = z.infer<typeof evidence>;

/** Tokens of configured OpenID Connect issuers, each under an entry with a name of the operator's. */
export function oidcDefinition(presets: readonly OidcPreset[]): AttestorDefinition<OidcConfig> {
  const presetOf: PresetOf = (entry) => presets.find(({ name }) => name === entry.preset);
  return {
    type: TYPE,
    evidence,
    config: () => oidcConfig(presets),
    factors: (config) =>
      Object.entries(config).map(([name, entry]) => factorOf(name, entry, presetOf(entry))),
    create: (config, deps) => open(config, deps, presetOf),
  };
}

export { devIssuer } from "./profile.ts";

/** Any issuer by configuration. */
export const oidc = /* @__PURE__ */ oidcDefinition([]);

export const openOidc = (config: OidcConfig, deps: AttestorDeps): Promise<Attestor> =>
  open(config, deps, () => undefined);

type PresetOf = (entry: OidcEntry) => OidcPreset | undefined;

async function open(config: OidcConfig, deps: AttestorDeps, presetOf: PresetOf): Promise<Attestor> {
  const profiles = await Promise.all(
    Object.entries(config).map(([name, entry]) => profileOf(name, entry, presetOf(entry), deps)),
  );
  return attestor(profiles, deps);
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
