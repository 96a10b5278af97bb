import * as z from "zod/mini";
import type { FactorInfo, PinInfo } from "../../attestation.ts";
import type { JsonValue } from "../../encoding/json.ts";
import type { Jws } from "../../encoding/jws.ts";
import { fail, ok } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps, SettleDeps } from "../attestor.ts";
import { gradeAudience } from "../binding.ts";
import { certifiedKey } from "../certified-key.ts";
import { audienceField, jwksField, lifetimeField } from "../config-fields.ts";
import { openKeys } from "../jwks.ts";
import { openRoot, rootField, settleRoot } from "../pinned-root.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { tokenAttestor, type TokenProfile } from "../token.ts";
import { projectsField, serviceAccountsField, someoneBelieved } from "./believed.ts";
import { readConfidentialToken } from "./confidential-claims.ts";
import { CONFIDENTIAL_SPACE_ROOT } from "./confidential-space-root.ts";

const TYPE = "gcp_confidential_space";
const ISSUER = "https://confidentialcomputing.googleapis.com";
const KEYS =
  "https://www.googleapis.com/service_accounts/v1/metadata/jwk/signer@confidentialspace-sign.iam.gserviceaccount.com";
/** What Google gives, and a minute: its `iat` and `exp` need not come from one clock. */
const LIFETIME_SECONDS = 3600 + LEEWAY_SECONDS;
const SUPPORT = ["LATEST", "STABLE", "USABLE", "any"] as const;

const config = () =>
  z
    .strictObject({
      /** Project ids whose workloads are believed. */
      projects: projectsField(),
      /** Addresses of service accounts: a token of this kind has no other name of one. */
      service_accounts: serviceAccountsField(
        /^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$/,
        "expected an e-mail address",
      ),
      /** The least support that a production image of Confidential Space must have; `STABLE` unless told. */
      support: z.optional(z.enum(SUPPORT)),
      /** Also take debug images, as a kind of their own. For trials. */
      allow_debug: z.optional(z.boolean()),
      audience: z.optional(audienceField()),
      jwks: z.optional(jwksField()),
      /** Of PKI tokens. */
      root: z.optional(rootField()),
      max_lifetime: z.optional(lifetimeField(3600)),
    })
    .check(someoneBelieved());
type SpaceConfig = z.infer<ReturnType<typeof config>>;
type SpaceSettings = SpaceConfig & { readonly root: string };

const evidence = z.strictObject({ type: z.literal(TYPE), token: z.string() });

/**
 * Attestation tokens of Google Confidential Space: OIDC tokens, by Google's published keys, and PKI tokens, which bring
 * their certificates. S is the audience; `eat_nonce` is for others.
 * @see https://cloud.google.com/confidential-computing/confidential-space/docs/connect-external-resources
 */
export const gcpConfidentialSpace: AttestorDefinition<SpaceConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { projects: ["invalid"] },
  factors: (settings) => [factor(settings)],
  settle,
  create: async (settings, deps) => openGcpConfidentialSpace(await settle(settings, deps), deps),
};

async function settle(settings: SpaceConfig, deps: SettleDeps): Promise<SpaceSettings> {
  return { ...settings, root: await settleRoot(settings.root, CONFIDENTIAL_SPACE_ROOT, deps) };
}

export async function openGcpConfidentialSpace(
  settings: SpaceSettings,
  deps: AttestorDeps,
): Promise<Attestor> {
  const base = settings.audience ?? deps.issuer;
  const root = openRoot(settings.root, deps);
  const { support = "STABLE" } = settings;
  const believed = {
    projects: new Set(settings.projects),
    serviceAccounts: new Set(settings.service_accounts),
    support: support === "any" ? undefined : support,
    debug: settings.allow_debug === true,
  };
  const profile: TokenProfile = {
    name: TYPE,
    issuer: ISSUER,
    algorithms: ["RS256"],
    keys: await openKeys(settings.jwks ?? KEYS, deps),
    certifiedKey: (x5c, now) => certifiedKey(x5c, root, now, deps.platform),
    maxLifetimeSeconds: settings.max_lifetime ?? LIFETIME_SECONDS,
    judgeAudience: (aud: JsonValue | undefined) => gradeAudience(aud, base),
    readClaims: ({ claims }: Jws) => readConfidentialToken(claims, believed),
  };
  return tokenAttestor({
    type: TYPE,
    evidence,
    platform: deps.platform,
    trustDomain: deps.trustDomain,
    selectProfile: (issuer) => (issuer === ISSUER ? ok(profile) : fail("issuer_not_configured")),
  });
}

/** With debug images a rule states which kind it means: they are never matched by silence. */
function factor({
  projects,
  service_accounts: accounts,
  allow_debug: debug,
}: SpaceConfig): FactorInfo {
  const kinds = debug === true ? ["production", "debug"] : ["production"];
  const pins = kinds.flatMap((kind): PinInfo[] => {
    const when = { claim: "kind", equals: kind };
    return [
      ...(projects ? [{ claim: "project_id", values: projects, when }] : []),
      ...(accounts ? [{ claim: "service_account", values: accounts, when }] : []),
    ];
  });
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      kind: "string",
      hwmodel: "string",
      swversion: "string",
      support_attributes: "strings",
      project_id: "string",
      project_number: "string",
      zone: "string",
      instance_id: "string",
      instance_name: "string",
      service_account: "string",
      service_accounts: "strings",
      image_digest: "string",
      image_reference: "string",
      image_signature_keys: "strings",
      restart_policy: "string",
      env_overridden: "boolean",
      cmd_overridden: "boolean",
    },
    pins,
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["instance_id", "image_digest", "project_id", "service_account"],
    instanceClaims: ["instance_id"],
    settings: [],
  };
}
