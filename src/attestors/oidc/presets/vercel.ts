import type { OidcPreset } from "../preset.ts";

/**
 * Vercel, with an issuer for each team or the one global issuer. Tokens of the environment `development` lie on developers'
 * machines and those of `preview` run the code of pull requests: only `production` is believed unless the entry says otherwise.
 */
export const vercel: OidcPreset = {
  name: "vercel",
  issuer: "https://oidc.vercel.com",
  issuerForm: {
    pattern: /^https:\/\/oidc\.vercel\.com(?:\/[A-Za-z0-9_-]+)?$/,
    text: "https://oidc.vercel.com/<team slug>, or https://oidc.vercel.com in global mode",
  },
  algorithms: ["RS256"],
  pin: "owner_id",
  pinFrom: "team_…, under Team Settings, General",
  defaultBinding: "key",
  demands: [
    {
      path: ["environment"],
      reason: "run_not_allowed",
      oneOf: ["production"],
      optIn: "allow_environments",
    },
  ],
  claims: {
    owner_id: { kind: "string", required: true },
    project_id: { kind: "string", required: true },
    environment: { kind: "string", required: true },
    owner: { kind: "string" },
    project: { kind: "string" },
  },
  joinable: ["owner_id", "project_id"],
};
