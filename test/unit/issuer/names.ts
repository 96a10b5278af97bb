import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";

export const ISSUER = "https://id.prod.example";
export const ENDPOINT = `${ISSUER}/v1/svids`;
export const ACCOUNT = "111122223333";
export const TENANT = "6f0c0000-0000-4000-8000-00000000abcd";
export const AUDIENCE = "https://orders.prod.example";
export const NOW = 1_800_000_000;

const parsed = parseTrustDomain("prod.example");
const other = parseTrustDomain("other.example");
if (!parsed.ok || !other.ok) throw new Error("fixture");
export const TRUST_DOMAIN = parsed.value;
export const OTHER_TRUST_DOMAIN = other.value;

const GRANTS = {
  x509: { ttl: "1h" },
  jwt: { ttl: "5m", audiences: [AUDIENCE] },
  wit: { ttl: "1h" },
};
/** One rule for each kind of evidence. */
export const RULES = [
  {
    name: "vm",
    evidence: { aws_iid: { account: ACCOUNT } },
    spiffe_id: "/vm/{aws_iid.instance_id}",
    ...GRANTS,
  },
  {
    name: "msi",
    evidence: { azure_msi: { tenant: TENANT } },
    keys_per_token: 1,
    spiffe_id: "/msi/{azure_msi.principal_id}",
    ...GRANTS,
  },
  { name: "ci", evidence: { "oidc.ci": {} }, spiffe_id: "/ci/{oidc.ci.job}", ...GRANTS },
  {
    name: "cron",
    evidence: { "oidc.cron": {} },
    binding: { "oidc.cron": "audience" },
    spiffe_id: "/cron/{oidc.cron.job}",
    ...GRANTS,
  },
];
