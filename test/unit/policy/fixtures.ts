import type { Attestation, Claims, ClaimValue, FactorInfo } from "../../../src/attestation.ts";
import type { ConfigIssue } from "../../../src/config-issue.ts";
import { compilePolicy } from "../../../src/policy/compile.ts";
import type { PolicyContext } from "../../../src/policy/context.ts";
import type { CompiledPolicy } from "../../../src/policy/policy.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";

export const A = "111122223333";
export const B = "444455556666";
export const NOW = 1_800_000_000;

const parsed = parseTrustDomain("prod.example.org");
if (!parsed.ok) throw new Error("fixture");
const TRUST_DOMAIN = parsed.value;

const CONTEXT: PolicyContext = {
  trustDomain: TRUST_DOMAIN,
  issuer: "https://id.example.org",
  claimStore: true,
  peers: new Map([
    ["partner.example", { audience: "https://id.partner.example" }],
    ["quiet.example", {}],
  ]),
};

/** A configured world with one factor of each shape that policy has to tell apart. */
export const FACTORS: readonly FactorInfo[] = [
  {
    name: "aws_iid",
    type: "aws_iid",
    claims: {
      account: "string",
      region: "string",
      instance_id: "string",
      instance_arn: "string",
      image_id: "string",
      pending: "number",
    },
    pins: [{ claim: "account", values: [A, B] }],
    bindings: ["none"],
    defaultBinding: "none",
    joinable: ["account", "instance_arn"],
    instanceClaims: ["instance_arn"],
    settings: ["first_claim_within", "max_instance_age"],
  },
  {
    name: "aws_web_identity",
    type: "aws_web_identity",
    claims: {
      account: "string",
      lambda_function: "string",
      ec2_instance_arn: "string",
      ou_path: "strings",
      mfa: "boolean",
    },
    pins: [{ claim: "account", values: [A] }],
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["account", "ec2_instance_arn"],
    instanceClaims: ["ec2_instance_arn"],
    settings: [],
  },
  {
    name: "gcp_iit",
    type: "gcp_iit",
    claims: {
      kind: "string",
      project_id: "string",
      instance_id: "string",
      sub: "string",
      email: "string",
    },
    pins: [
      { claim: "project_id", values: ["payments"], when: { claim: "kind", equals: "instance" } },
      {
        claim: "sub",
        values: ["1001", "1002"],
        when: { claim: "kind", equals: "service_account" },
      },
    ],
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["project_id"],
    settings: ["max_instance_age"],
  },
  {
    name: "azure_msi",
    type: "azure_msi",
    claims: { tenant: "string", subscription: "string", oid: "string", vm: "string" },
    pins: [{ claim: "tenant", values: ["t1", "t2"] }],
    bindings: ["none"],
    defaultBinding: "none",
    joinable: ["subscription"],
    settings: ["keys_per_token"],
    required: ["keys_per_token"],
  },
  {
    name: "oidc.github",
    type: "oidc",
    claims: { repository_owner_id: "string", repository_id: "string", ref: "string" },
    pins: [{ claim: "repository_owner_id", values: ["9", "10"] }],
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: [],
    settings: [],
  },
  {
    name: "oidc.dev",
    type: "oidc",
    claims: { sub: "string" },
    open: true,
    withheld: ["aud"],
    pins: [{ claim: "iss" }],
    bindings: ["key", "audience"],
    defaultBinding: "audience",
    joinable: [],
    settings: [],
  },
  {
    name: "nitro_tpm",
    type: "nitro_tpm",
    claims: { instance_arn: "string", pcr4: "string" },
    pins: [],
    bindings: ["key", "none"],
    defaultBinding: "key",
    joinable: ["instance_arn"],
    instanceClaims: ["instance_arn"],
    settings: [],
  },
];

export type Json = Record<string, unknown>;

/** A rule that is right; parts of it are replaced, or removed with undefined. */
export function rule(parts: Json = {}): Json {
  const whole: Json = {
    name: "r",
    evidence: { aws_iid: { account: A } },
    spiffe_id: "/vm/{aws_iid.instance_id}",
    x509: { ttl: "1h" },
    ...parts,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

export function compile(
  rules: unknown,
  deny?: unknown,
  context: Partial<PolicyContext> = {},
  factors: readonly FactorInfo[] = FACTORS,
): { policy?: CompiledPolicy; issues: ConfigIssue[] } {
  return compilePolicy({ rules, deny }, factors, { ...CONTEXT, ...context });
}

export function policyOf(rules: unknown, deny?: unknown): CompiledPolicy {
  const { policy, issues } = compile(rules, deny);
  if (policy === undefined) throw new Error(errorsOf(issues).join("\n"));
  return policy;
}

export function errorsOf(issues: readonly ConfigIssue[]): string[] {
  return issues
    .filter(({ severity }) => severity === "error")
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
}

export function warningsOf(issues: readonly ConfigIssue[]): string[] {
  return issues
    .filter(({ severity }) => severity === "warning")
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
}

export function fact(name: string, claims: Claims, parts: Partial<Attestation> = {}): Attestation {
  const factor = FACTORS.find((one) => one.name === name);
  const best = factor?.bindings[0] ?? "none";
  return {
    type: factor?.type ?? name,
    name,
    claims,
    binding: best === "key" ? { kind: "key", jkt: "k" } : { kind: best },
    claimKey: "c".repeat(64),
    generation: 0,
    ...parts,
  };
}

export const ARN = "arn:aws:ec2:eu-central-1:1:instance/i-0abc";

/** Claims that are undefined are absent. */
export function iid(
  claims: Readonly<Record<string, ClaimValue | undefined>> = {},
  parts: Partial<Attestation> = {},
): Attestation {
  const usual = { account: A, region: "eu-central-1", instance_id: "i-0abc", instance_arn: ARN };
  return fact("aws_iid", present({ ...usual, ...claims }), { startedAt: NOW - 60, ...parts });
}

export function present(claims: Readonly<Record<string, ClaimValue | undefined>>): Claims {
  const entries = Object.entries(claims).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

export function web(claims: Json, parts: Json = {}): Json {
  return rule({
    evidence: { aws_web_identity: { account: A, ...claims } },
    spiffe_id: "/fn/{aws_web_identity.lambda_function}",
    ...parts,
  });
}

/** The pin is implied: nothing is left to say. */
export function webBare(): Json {
  return rule({
    evidence: { aws_web_identity: {} },
    spiffe_id: "/fn/{aws_web_identity.lambda_function}",
  });
}

export function gcp(claims: Json): Json {
  return rule({ evidence: { gcp_iit: claims }, spiffe_id: "/g" });
}

export function msi(parts: Json): Json {
  return rule({
    evidence: { azure_msi: { tenant: "t1" } },
    spiffe_id: "/a/{azure_msi.oid}",
    ...parts,
  });
}

export function two(parts: Json): Json {
  return rule({
    evidence: { aws_iid: { account: A }, aws_web_identity: {} },
    join: [["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"]],
    ...parts,
  });
}
