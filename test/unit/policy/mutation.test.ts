import { describe, expect, it } from "vitest";
import type { Attestation } from "../../../src/attestation.ts";
import type { CompiledPolicy } from "../../../src/policy/policy.ts";
import { match } from "../../../src/policy/match.ts";
import { A, B, compile, fact, iid, type Json, NOW, rule } from "./fixtures.ts";

/**
 * Takes a good policy apart: every part of every rule is deleted, or emptied in every way that a slip of the hand or a
 * template with an unset variable can. The result is an error, gives no more than before, or says so.
 */
const RULES: Json[] = [
  rule({
    name: "vm",
    evidence: { aws_iid: { account: [A, B], region: "eu-*", image_id: ["ami-1", "ami-2"] } },
    spiffe_id: "/vm/{aws_iid.account}/{aws_iid.instance_id}",
    first_claim_within: "10m",
    max_instance_age: "30d",
    x509: { ttl: "2h", key_types: ["p256"] },
    jwt: { ttl: "2m", audiences: ["a", "b"], multiple_audiences: true },
  }),
  rule({
    name: "fn",
    evidence: { aws_web_identity: { lambda_function: "pay-*", mfa: true, ou_path: "o/x" } },
    spiffe_id: "/fn/{aws_web_identity.lambda_function}",
    binding: { aws_web_identity: "audience" },
    replay: { aws_web_identity: "once" },
  }),
  rule({
    name: "both",
    evidence: { aws_iid: { account: A }, aws_web_identity: { lambda_function: "x" } },
    join: [
      ["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"],
      ["aws_iid.account", "aws_web_identity.account"],
    ],
    spiffe_id: "/both/{aws_iid.instance_id}",
  }),
  rule({
    name: "gcp",
    evidence: { gcp_iit: { kind: "service_account", sub: ["1001"] } },
    spiffe_id: "/sa/{gcp_iit.sub}",
    wit: {},
  }),
  rule({
    name: "msi",
    evidence: { azure_msi: { tenant: "t1", oid: "o" } },
    spiffe_id: "/msi",
    keys_per_token: 2,
  }),
  rule({
    name: "try",
    mode: "audit",
    evidence: { "oidc.github": { repository_owner_id: "9", repository_id: "1" } },
    spiffe_id: "/gh",
  }),
];

const arn = iid().claims.instance_arn as string;
const aud = { binding: { kind: "audience" } } as const;
const REQUESTS: Attestation[][] = [
  ...[A, B, "9"].flatMap((account) =>
    ["eu-1", "us-1", undefined].flatMap((region) =>
      ["ami-1", "ami-3", undefined].map((image_id) => [
        iid(defined({ account, region, image_id })),
      ]),
    ),
  ),
  [iid({ image_id: "ami-1" }, { startedAt: NOW - 40 * 86_400 })],
  ...[{}, aud].flatMap((parts) =>
    [
      { lambda_function: "pay-x" },
      { lambda_function: "x" },
      { lambda_function: "x", ec2_instance_arn: arn },
    ].flatMap((claims) =>
      [
        {},
        { mfa: true, ou_path: ["o/x"] },
        { mfa: false, ou_path: ["o/x"] },
        { mfa: true, ou_path: ["o/y"] },
      ].flatMap((more) => {
        const web = fact("aws_web_identity", { account: A, ...claims, ...more }, parts);
        return [
          [web],
          [iid(), web],
          [iid({ instance_arn: "arn:other" }), web],
          [iid({ account: B }), web],
        ];
      }),
    ),
  ),
  ...["1001", "1002"].flatMap((sub) =>
    ["instance", "service_account"].map((kind) => [
      fact("gcp_iit", { kind, sub, project_id: "payments" }),
    ]),
  ),
  ...["t1", "t2"].flatMap((tenant) =>
    ["o", "p"].map((oid) => [fact("azure_msi", { tenant, oid })]),
  ),
  ...["9", "10"].flatMap((owner) =>
    ["1", "2"].map((id) => [
      fact("oidc.github", { repository_owner_id: owner, repository_id: id }),
    ]),
  ),
];

function defined(claims: Record<string, string | undefined>): Record<string, string> {
  return JSON.parse(JSON.stringify(claims)) as Record<string, string>;
}

/** Everything that the policy gives to anyone: by request, every SPIFFE ID that can be had, with its limits. */
function grants(policy: CompiledPolicy, ids: readonly string[]): Map<string, Json> {
  const given = new Map<string, Json>();
  for (const [n, facts] of REQUESTS.entries()) {
    for (const spiffeId of ids) {
      const result = match(policy, facts, { now: NOW, spiffeId });
      if (result.ok)
        given.set(`${n} ${spiffeId}`, {
          ...result.value.grants,
          claims: result.value.claims,
        } as Json);
    }
  }
  return given;
}

const IDS = [
  "/vm/111122223333/i-0abc",
  "/vm/444455556666/i-0abc",
  "/vm/9/i-0abc",
  "/fn/pay-x",
  "/fn/x",
  "/both/i-0abc",
  "/sa/1001",
  "/sa/1002",
  "/msi",
  "/gh",
].map((path) => `spiffe://prod.example.org${path}`);

const EMPTY: readonly unknown[] = [null, "", [], {}, " ", 0, false, [""], [null]];
type Path = readonly (string | number)[];

function paths(value: unknown, base: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [base];
  return [
    ...(base.length > 0 ? [base] : []),
    ...Object.entries(value).flatMap(([key, inner]) =>
      paths(inner, [...base, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

function mutate(
  rules: readonly Json[],
  path: Path,
  change: { delete: true } | { to: unknown },
): Json[] {
  const copy = structuredClone(rules) as Json[];
  let at = copy as unknown as Json;
  for (const key of path.slice(0, -1)) at = at[key] as Json;
  const last = path[path.length - 1] as string;
  if ("to" in change) at[last] = change.to;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
  return copy;
}

/** Deleting these takes a condition away: nothing else can tell that it was meant to be there. */
const CONDITIONS = [
  /^0\.evidence\.aws_iid\.(region|image_id)$/,
  /^1\.evidence\.aws_web_identity\.(lambda_function|mfa|ou_path)$/,
  /^2\.evidence\.aws_web_identity\.lambda_function$/,
  /^4\.evidence\.azure_msi\.oid$/,
  /^2\.join\.[01]$/,
  /^0\.max_instance_age$/,
  /^0\.first_claim_within$/,
  /^1\.replay(\.aws_web_identity)?$/,
  /^5\.mode$/,
  /^0\.x509\.key_types$/,
  /^0\.jwt\.ttl$/,
];

describe("policy mutation", () => {
  const base = compile(RULES);
  if (base.policy === undefined) throw new Error(JSON.stringify(base.issues));
  const before = grants(base.policy, IDS);
  const warned = new Set(base.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));

  const widened = (rules: Json[]): string[] => {
    const { policy, issues } = compile(rules);
    if (policy === undefined) return [];
    if (
      issues.some(
        ({ path, message }) =>
          !warned.has(`${path.join(".")}: ${message}`) && /matches everything/.test(message),
      )
    )
      return [];
    return [...grants(policy, IDS)]
      .filter(([key, grant]) => !narrower(grant, before.get(key)))
      .map(([key]) => key);
  };

  it("gives something to begin with", () => {
    expect(before.size).toBeGreaterThan(10);
  });

  it("never widens when a part is emptied", () => {
    let tried = 0;
    for (const path of paths(RULES)) {
      for (const to of EMPTY) {
        tried++;
        const wider = widened(mutate(RULES, path, { to }));
        // `false` is a word of its own where true or false is asked for, and a kind with nothing in it has its defaults.
        if (to === false && /mfa|multiple_audiences/.test(path.join("."))) continue;
        if (path.join(".") === "0.x509" && JSON.stringify(to) === "{}") continue;
        expect(wider, `${path.join(".")} = ${JSON.stringify(to)}`).toEqual([]);
      }
    }
    expect(tried).toBeGreaterThan(500);
  });

  it("never widens when a part is deleted that is not itself a condition", () => {
    let conditions = 0;
    for (const path of paths(RULES)) {
      const name = path.join(".");
      if (CONDITIONS.some((pattern) => pattern.test(name))) conditions++;
      else expect(widened(mutate(RULES, path, { delete: true })), name).toEqual([]);
    }
    expect(conditions).toBeGreaterThan(10);
  });
});

/** No longer life, no audience or key type more, and no claim less than before. */
function narrower(now: Json, before: Json | undefined): boolean {
  if (before === undefined) return false;
  const kind = (of: Json, name: string) =>
    of[name] as
      | { ttl: number; audiences?: string[]; keyTypes?: string[]; multipleAudiences?: boolean }
      | undefined;
  for (const name of ["x509", "jwt", "wit"]) {
    const [one, other] = [kind(now, name), kind(before, name)];
    if (one === undefined) continue;
    if (other === undefined || one.ttl > other.ttl) return false;
    if (one.audiences?.some((audience) => other.audiences?.includes(audience) !== true) === true)
      return false;
    if (one.keyTypes?.some((type) => other.keyTypes?.includes(type) !== true) === true)
      return false;
    if (one.multipleAudiences === true && other.multipleAudiences !== true) return false;
  }
  const claims = (of: Json) => of.claims as { createWithin?: number; maxOwners: number }[];
  return (
    claims(now).length >= claims(before).length &&
    claims(now).every((claim, at) => {
      const other = claims(before)[at];
      return (
        other === undefined ||
        (claim.maxOwners <= other.maxOwners &&
          (claim.createWithin ?? Infinity) <= (other.createWithin ?? Infinity))
      );
    })
  );
}
