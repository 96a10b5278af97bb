import type { OidcPreset } from "../preset.ts";

/** Fly.io: an issuer for each organization. A Machine asks for the audience that it wants; nothing but Machines can ask. */
export const fly: OidcPreset = {
  name: "fly",
  issuerForm: {
    pattern: /^https:\/\/oidc\.fly\.io\/[a-z0-9][a-z0-9-]*$/,
    text: "https://oidc.fly.io/<organization slug>",
  },
  algorithms: ["RS256"],
  defaultBinding: "key",
  claims: {
    org_id: { kind: "string", required: true },
    app_id: { kind: "string", required: true },
    machine_id: { kind: "string", required: true },
    org_name: { kind: "string" },
    app_name: { kind: "string" },
    machine_name: { kind: "string" },
    machine_version: { kind: "string" },
    image: { kind: "string" },
    image_digest: { kind: "string" },
    region: { kind: "string" },
  },
  joinable: ["org_id", "app_id", "machine_id", "image_digest"],
  instanceClaims: ["machine_id"],
};
