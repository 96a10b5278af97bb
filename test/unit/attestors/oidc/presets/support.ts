import type { Attestation } from "../../../../../src/attestation.ts";
import { oidc, openOidc } from "../../../../../src/attestors/oidc/oidc.ts";
import type { Result } from "../../../../../src/result.ts";
import { JKT, judge } from "../../../../conformance/attestor.ts";
import type { TokenFixture } from "../../../../conformance/token-fixture.ts";
import { FakeNetwork } from "../../../../fakes/network.ts";
import { keySetUrl, tokenKey } from "../../../../fakes/token-issuer.ts";
import { buildClean, NOW } from "../../support.ts";
import { SAMPLES, type Sample } from "./samples.ts";

export const key = await tokenKey("RS256", "one");
export const jwks = keySetUrl(key);

export function sampleOf(name: string): Sample {
  const sample = SAMPLES[name];
  if (sample === undefined) throw new Error(`no sample of ${name}`);
  return sample;
}

/** The good token of a preset with some claims changed; undefined takes one away. */
export async function judgeChanged(
  name: string,
  changes: object,
  settings: object = {},
): Promise<Result<Attestation>> {
  const sample = sampleOf(name);
  const ci = { ...sample.settings, jwks, ...settings };
  const token = await key.sign({ ...sample.claims, ...changes });
  return judge(await buildClean(oidc, { ci }), { type: "oidc", token }, NOW, JKT);
}

export async function presetFixture(name: string): Promise<TokenFixture> {
  const { settings, audience, claims, foreign } = sampleOf(name);
  const network = new FakeNetwork();
  const section = { ci: { ...settings, jwks } };
  const keysUrl = "https://keys.example.com/jwks";
  return {
    attestor: await buildClean(oidc, section, { network }),
    elsewhere: await buildClean(oidc, section, { trustDomain: "test.example" }),
    factor: oidc.factors(oidc.config().parse(section))[0]!,
    now: NOW,
    key,
    network,
    audience,
    maxLifetimeSeconds: 3600,
    claims: (aud) => ({ ...claims, aud }),
    members: { type: "oidc" },
    foreign: async () => ({ type: "oidc", token: await key.sign({ ...claims, ...foreign }) }),
    fetching: (served) =>
      buildClean(oidc, { ci: { ...settings, jwks: keysUrl } }, { network: served }),
    keysUrl,
  };
}

/** `oidc` of a runtime that reads compiled configurations. @param beyond over each settled entry: what no configuration may say */
export function compiledOidc(beyond: object = {}): typeof oidc {
  return {
    ...oidc,
    async create(config, deps) {
      const settled = await oidc.settle?.(config, deps);
      const stored: Parameters<typeof openOidc>[0] = JSON.parse(JSON.stringify(settled));
      if (JSON.stringify(stored) !== JSON.stringify(settled)) throw new Error("not plain JSON");
      const entries = Object.entries(stored).map(([name, one]) => [name, { ...one, ...beyond }]);
      return openOidc(Object.fromEntries(entries), deps);
    },
  };
}
