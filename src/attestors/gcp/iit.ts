import * as z from "zod/mini";
import type { FactorInfo, PinInfo } from "../../attestation.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { gradeAudience } from "../binding.ts";
import { audienceField, jwksField, lifetimeField } from "../config-fields.ts";
import { openKeys } from "../jwks.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { tokenAttestor } from "../token.ts";
import { fail, ok } from "../../result.ts";
import { projectsField, serviceAccountsField, someoneBelieved } from "./believed.ts";
import { readIdentityToken } from "./identity-token.ts";

const TYPE = "gcp_iit";
const ISSUER = "https://accounts.google.com";
const KEYS = "https://www.googleapis.com/oauth2/v3/certs";
/** What Google gives, and a minute: its `iat` and `exp` need not come from one clock. */
const LIFETIME_SECONDS = 3600 + LEEWAY_SECONDS;

const config = () =>
  z
    .strictObject({
      /** Project ids whose instances are believed. */
      projects: projectsField(),
      /** Unique ids of service accounts: an e-mail address can be given to another account later. */
      service_accounts: serviceAccountsField(
        /^[0-9]{6,32}$/,
        "expected the unique id, which is a number in quotes, not the e-mail address",
      ),
      audience: z.optional(audienceField()),
      jwks: z.optional(jwksField()),
      max_lifetime: z.optional(lifetimeField(3600)),
    })
    .check(someoneBelieved());
type IitConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({ type: z.literal(TYPE), token: z.string() });

/**
 * Google identity tokens: of a Compute Engine instance (`format=full`), or of a service account (Cloud Run,
 * Functions, GKE, and anybody else who may mint for the account).
 * @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity
 */
export const gcpIit: AttestorDefinition<IitConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { projects: ["invalid"] },
  factors: (settings) => [factor(settings)],
  create: openGcpIit,
};

export async function openGcpIit(settings: IitConfig, deps: AttestorDeps): Promise<Attestor> {
  const base = settings.audience ?? deps.issuer;
  const believed = {
    projects: new Set(settings.projects),
    serviceAccounts: new Set(settings.service_accounts),
  };
  const profile = {
    name: TYPE,
    issuer: ISSUER,
    algorithms: ["RS256"],
    // Never those of the account that the token names: it could sign what it likes with its own (CVE-2020-16251).
    keys: await openKeys(settings.jwks ?? KEYS, deps),
    maxLifetimeSeconds: settings.max_lifetime ?? LIFETIME_SECONDS,
    judgeAudience: (aud: Parameters<typeof gradeAudience>[0]) => gradeAudience(aud, base),
    readClaims: ({ claims }: { claims: Parameters<typeof readIdentityToken>[0] }) =>
      readIdentityToken(claims, believed),
  };
  return tokenAttestor({
    type: TYPE,
    evidence,
    platform: deps.platform,
    trustDomain: deps.trustDomain,
    selectProfile: (issuer) => (issuer === ISSUER ? ok(profile) : fail("issuer_not_configured")),
  });
}

function factor({ projects, service_accounts: accounts }: IitConfig): FactorInfo {
  const pins: PinInfo[] = [];
  if (projects) {
    pins.push({
      claim: "project_id",
      values: projects,
      when: { claim: "kind", equals: "instance" },
    });
  }
  if (accounts) {
    pins.push({
      claim: "sub",
      values: accounts,
      when: { claim: "kind", equals: "service_account" },
    });
  }
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      kind: "string",
      sub: "string",
      email: "string",
      project_id: "string",
      project_number: "string",
      zone: "string",
      instance_id: "string",
      instance_name: "string",
      instance_created: "number",
      license_id: "strings",
    },
    pins,
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["instance_id", "project_id", "sub"],
    instanceClaims: ["instance_id"],
    settings: [],
  };
}
