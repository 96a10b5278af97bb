import * as z from "zod/mini";
import type { FactorInfo } from "../../attestation.ts";
import type { JsonValue } from "../../encoding/json.ts";
import type { Jws } from "../../encoding/jws.ts";
import { parseJwk } from "../../encoding/public-key.ts";
import { fail, ok } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { singleAudience } from "../binding.ts";
import { audienceField, jwksField, oneOrMore } from "../config-fields.ts";
import { openKeys } from "../jwks.ts";
import type { KeyReader, KeySource } from "../key-set.ts";
import { tokenAttestor, type TokenProfile } from "../token.ts";
import { issuerOf, readAccessToken, type TokenVersion } from "./access-token.ts";
import { isFirstParty } from "./first-party.ts";

const TYPE = "azure_msi";
/** Entra gives 24 h and 5 min; the platform caches the token nearly as long. */
const LIFETIME_SECONDS = 86_400 + 600;
const VERSIONS: readonly TokenVersion[] = ["1.0", "2.0"];

const config = () =>
  z.strictObject({
    /** Entra tenant ids. */
    tenants: z
      .array(
        z
          .string()
          .check(
            z.regex(
              /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/,
              "expected a tenant id: a UUID in lower case",
            ),
          ),
      )
      .check(z.minLength(1)),
    /** The `aud` of tokens, whole. Entra gives tokens only for audiences that are registered with it. */
    audience: oneOrMore(audienceField()),
    /** One key set for all tenants, in place of each tenant's own: a key that names one is that one's alone. */
    jwks: z.optional(jwksField()),
    /** That another trust domain of this deployment lists the same tenant, too. */
    shared: z.optional(z.boolean()),
  });
type MsiConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({ type: z.literal(TYPE), token: z.string() });

/**
 * Entra access tokens of managed identities. Their audience cannot carry a key, and they live and are cached for a
 * day: binding `none`, so that only a claim store, or a factor joined to it, makes one an identity.
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export const azureMsi: AttestorDefinition<MsiConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { tenants: ["00000000-0000-0000-0000-000000000000"], audience: "invalid" },
  factors: ({ tenants }) => [factor(tenants)],
  create: openAzureMsi,
};

export async function openAzureMsi(settings: MsiConfig, deps: AttestorDeps): Promise<Attestor> {
  const audiences = new Set([settings.audience].flat());
  warnOfFirstParty(audiences, deps);
  const { jwks, tenants } = settings;
  const profiles = new Map<string, TokenProfile>();
  for (const tenant of new Set(tenants)) {
    // Each reads one set for itself, too: a key of one tenant vouches for no other.
    // oxlint-disable-next-line no-await-in-loop -- at start, and a URL is not fetched here
    const keys = await openKeys(jwks ?? keysOf(tenant), deps, readsFor(tenant));
    for (const version of VERSIONS) {
      const profile = profileOf(tenant, version, keys, audiences);
      profiles.set(profile.issuer, profile);
    }
  }
  return tokenAttestor({
    type: TYPE,
    evidence,
    platform: deps.platform,
    trustDomain: deps.trustDomain,
    selectProfile(issuer) {
      const profile = profiles.get(issuer);
      return profile ? ok(profile) : fail("issuer_not_configured");
    },
  });
}

function keysOf(tenant: string): string {
  return `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`;
}

const TENANT_ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/;

function readsFor(tenant: string) {
  return { readKey: keysFor(tenant), readBy: `azure_msi ${tenant}` };
}

/**
 * Members of Entra's key sets say in `issuer` whose tokens they sign: one tenant's, or with a placeholder every tenant's.
 * The set for all has the key of personal accounts among them, which once signed for companies too (Storm-0558): a
 * member of another tenant is none of ours.
 */
function keysFor(tenant: string): KeyReader {
  return (jwk) => {
    const { issuer = "" } = jwk;
    const [named = tenant] =
      (typeof issuer === "string" && TENANT_ID.exec(issuer.toLowerCase())) || [];
    return named === tenant ? parseJwk(jwk) : fail("key_unknown", "a key of another tenant");
  };
}

function profileOf(
  tenant: string,
  version: TokenVersion,
  keys: KeySource,
  audiences: ReadonlySet<string>,
): TokenProfile {
  return {
    name: TYPE,
    issuer: issuerOf(tenant, version),
    algorithms: ["RS256"],
    keys,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    judgeAudience(aud: JsonValue | undefined) {
      const audience = singleAudience(aud);
      return audience !== undefined && audiences.has(audience)
        ? ok({ kind: "none" })
        : fail("audience_mismatch");
    },
    readClaims({ header, claims }: Jws) {
      // Microsoft Graph's own tokens: what was signed is a header with another nonce, so they prove nothing to others.
      if (Object.hasOwn(header, "nonce")) return fail("jws_header_forbidden", "nonce");
      return readAccessToken(claims, tenant, version);
    },
    // One token stays one claim however often it is fetched from the cache, and a new one is another.
    identity: ({ uti }) => [tenant, String(uti)],
  };
}

function warnOfFirstParty(audiences: ReadonlySet<string>, deps: AttestorDeps): void {
  if (![...audiences].some(isFirstParty)) return;
  deps.report({
    path: ["audience"],
    severity: "warning",
    message:
      "the audience is a Microsoft service's: every token for it that leaks anywhere is evidence here; register an audience of your own",
  });
}

function factor(tenants: readonly string[]): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      kind: "string",
      tenant: "string",
      principal_id: "string",
      client_id: "string",
      identity: "string",
      resource: "string",
      subscription: "string",
      resource_group: "string",
      resource_type: "string",
      resource_name: "string",
      uti: "string",
    },
    spelling: {
      tenant: "lower",
      principal_id: "lower",
      client_id: "lower",
      identity: "lower",
      resource: "lower",
      subscription: "lower",
      resource_group: "lower",
      resource_type: "lower",
      resource_name: "lower",
    },
    pins: [{ claim: "tenant", values: tenants }],
    bindings: ["none"],
    defaultBinding: "none",
    joinable: ["resource", "subscription", "tenant"],
    settings: ["keys_per_token"],
    required: ["keys_per_token"],
  };
}
