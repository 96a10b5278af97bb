import * as z from "zod/mini";
import type { ClaimKind, FactorInfo } from "../../attestation.ts";
import { isIssuerUrl } from "../../encoding/issuer-url.ts";
import { fail, ok } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { gradeAudience } from "../binding.ts";
import { audienceField, jwksField, lifetimeField } from "../config-fields.ts";
import { openKeys } from "../jwks.ts";
import { tokenAttestor, type TokenProfile } from "../token.ts";
import { accountField } from "./account.ts";
import { readWebIdentity, TAG_PREFIX } from "./web-identity-claims.ts";

const TYPE = "aws_web_identity";
/** The longest that `DurationSeconds` can ask for. */
const LIFETIME_SECONDS = 3600;

const config = () =>
  z
    .strictObject({
      /** Account id to the issuer of its tokens, as `aws iam get-outbound-web-identity-federation-info` prints it. */
      accounts: z.record(
        accountField(),
        z.string().check(
          z.refine((text) => isIssuerUrl(text) && !text.endsWith("/"), {
            error: "expected the issuer of the account: an https URL without a slash at its end",
          }),
        ),
      ),
      /** Tags of the role or session that rules may use, as `principal_tag.<name>`. */
      principal_tags: z.optional(
        z.array(z.string().check(z.regex(/^[\p{L}\p{N} _.:/=+@-]{1,128}$/u))),
      ),
      audience: z.optional(audienceField()),
      /** By account: no key of one ever vouches for another, though their ids are the same. */
      jwks: z.optional(z.record(accountField(), jwksField())),
      max_lifetime: z.optional(lifetimeField(LIFETIME_SECONDS)),
    })
    .check(
      z.refine(({ accounts }) => Object.keys(accounts).length > 0, {
        path: ["accounts"],
        error: "expected at least one account: what is not named is not accepted",
      }),
      z.refine(
        ({ accounts }) => new Set(Object.values(accounts)).size === Object.keys(accounts).length,
        {
          path: ["accounts"],
          error: "every account has an issuer of its own",
        },
      ),
      z.refine(({ accounts, jwks = {} }) => Object.keys(jwks).every((id) => id in accounts), {
        path: ["jwks"],
        error: "names an account that accounts does not",
      }),
    );
type WebIdentityConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({ type: z.literal(TYPE), token: z.string() });

/**
 * Tokens of `sts:GetWebIdentityToken`: AWS says which role asked, and from which Lambda function or EC2 instance.
 * Any account can have such tokens made, so that the issuer of each configured account is the whole of the trust.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
 */
export const awsWebIdentity: AttestorDefinition<WebIdentityConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: {
    accounts: { "000000000000": "https://issuer.invalid", "*": "https://issuer.invalid" },
  },
  factors: (settings) => [factor(settings)],
  create: openAwsWebIdentity,
};

export async function openAwsWebIdentity(
  settings: WebIdentityConfig,
  deps: AttestorDeps,
): Promise<Attestor> {
  const base = settings.audience ?? deps.issuer;
  const tags = settings.principal_tags ?? [];
  const profiles = new Map<string, TokenProfile>();
  for (const [account, issuer] of Object.entries(settings.accounts)) {
    const jwks = settings.jwks?.[account];
    const source = jwks ?? `${issuer}/.well-known/jwks.json`;
    const path = jwks === undefined ? ["accounts", account] : ["jwks", account];
    profiles.set(issuer, {
      name: TYPE,
      issuer,
      algorithms: ["RS256", "ES384"],
      keys: await openKeys(source, deps, { path }), // oxlint-disable-line no-await-in-loop -- at start, and a URL is not fetched here
      maxLifetimeSeconds: settings.max_lifetime ?? LIFETIME_SECONDS,
      judgeAudience: (aud) => gradeAudience(aud, base),
      readClaims: ({ claims }) => readWebIdentity(claims, account, tags),
    });
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

function factor({ accounts, principal_tags: tags = [] }: WebIdentityConfig): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      account: "string",
      partition: "string",
      role_arn: "string",
      role_name: "string",
      region: "string",
      lambda_function: "string",
      lambda_function_arn: "string",
      lambda_qualifier: "string",
      ec2_instance_arn: "string",
      ec2_instance_id: "string",
      ec2_vpc: "string",
      ec2_private_ip: "string",
      ec2_role_delivery: "string",
      glue_service: "string",
      org_id: "string",
      ou_path: "strings",
      source_region: "string",
      source_identity: "string",
      federated_provider: "string",
      ...Object.fromEntries(tags.map((tag): [string, ClaimKind] => [TAG_PREFIX + tag, "string"])),
    },
    pins: [{ claim: "account", values: Object.keys(accounts) }],
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["ec2_instance_arn", "ec2_instance_id", "account"],
    instanceClaims: ["ec2_instance_arn", "ec2_instance_id"],
    settings: [],
  };
}
