import { describe, expect, it } from "vitest";
import type { Attestation } from "../../../src/attestation.ts";
import type { Grants } from "../../../src/policy/grants.ts";
import { type ClaimDemand, match } from "../../../src/policy/match.ts";
import type { CompiledPolicy } from "../../../src/policy/policy.ts";
import { A, ARN, B, compile, fact, iid, type Json, NOW, rule } from "./fixtures.ts";

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

const aud = { binding: { kind: "audience" } } as const;
const REQUESTS: Attestation[][] = [
  ...[A, B, "9"].flatMap((account) =>
    ["eu-1", "us-1", undefined].flatMap((region) =>
      ["ami-1", "ami-3", undefined].map((image_id) => [iid({ account, region, image_id })]),
    ),
  ),
  [iid({ image_id: "ami-1" }, { startedAt: NOW - 40 * 86_400 })],
  ...[{}, aud].flatMap((parts) =>
    [
      { lambda_function: "pay-x" },
      { lambda_function: "x" },
      { lambda_function: "x", ec2_instance_arn: ARN },
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

interface Given {
  readonly grants: Grants;
  readonly claims: readonly ClaimDemand[];
}

/** Everything that the policy gives to anyone: by request, every SPIFFE ID that can be had, with its limits. */
function given(policy: CompiledPolicy): Map<string, Given> {
  const all = new Map<string, Given>();
  for (const [n, facts] of REQUESTS.entries()) {
    for (const spiffeId of IDS) {
      const result = match(policy, facts, { now: NOW, spiffeId });
      if (result.ok) all.set(`${n} ${spiffeId}`, result.value);
    }
  }
  return all;
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

type Change = { readonly delete: true } | { readonly to: unknown };

function mutate(value: unknown, [step, ...rest]: Path, change: Change): unknown {
  if (typeof value !== "object" || value === null) return value;
  const members: [string, unknown][] = Object.entries(value);
  const kept = members.flatMap(([key, inner]): [string, unknown][] => {
    if (key !== String(step)) return [[key, inner]];
    if (rest.length > 0) return [[key, mutate(inner, rest, change)]];
    return "to" in change ? [[key, change.to]] : [];
  });
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept);
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

const base = compile(RULES);
const before = base.policy === undefined ? new Map<string, Given>() : given(base.policy);
const lines = ({ issues }: typeof base) =>
  issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

/** What more is given under these rules, to whom; nothing where they are refused, or where they say so. */
function widened(rules: unknown): string[] {
  const compiled = compile(rules);
  if (compiled.policy === undefined) return [];
  const told = lines(compiled).filter((line) => !lines(base).includes(line));
  if (told.some((line) => line.includes("matches everything"))) return [];
  return [...given(compiled.policy)].flatMap(([key, one]) =>
    narrower(one, before.get(key)) ? [] : [key],
  );
}

describe("policy mutation", () => {
  it("gives something to begin with", () => {
    expect(before.size).toBeGreaterThanOrEqual(10);
  });

  it("never widens when a part is emptied", () => {
    const changes = paths(RULES).flatMap((path) =>
      EMPTY.map((to) => ({ path, name: path.join("."), to })),
    );
    const meant = changes.filter(
      ({ name, to }) =>
        // `false` is a word of its own where true or false is asked for, and a kind with nothing in it has its defaults.
        !(to === false && /mfa|multiple_audiences/.test(name)) &&
        !(name === "0.x509" && JSON.stringify(to) === "{}"),
    );
    expect(meant.length).toBeGreaterThan(500);
    const wider = meant.filter(({ path, to }) => widened(mutate(RULES, path, { to })).length > 0);
    expect(wider.map(({ name, to }) => `${name} = ${JSON.stringify(to)}`)).toEqual([]);
  });

  it("never widens when a part is deleted that is not itself a condition", () => {
    const parts = paths(RULES).filter(
      (path) => !CONDITIONS.some((pattern) => pattern.test(path.join("."))),
    );
    expect(paths(RULES).length - parts.length).toBeGreaterThan(10);
    const wider = parts.filter((path) => widened(mutate(RULES, path, { delete: true })).length > 0);
    expect(wider.map((path) => path.join("."))).toEqual([]);
  });
});

/** No longer life, no audience or key type more, and no claim less than before. */
function narrower(now: Given, then: Given | undefined): boolean {
  if (then === undefined) return false;
  for (const kind of ["x509", "jwt", "wit"] as const) {
    const [one, other] = [now.grants[kind], then.grants[kind]];
    if (one !== undefined && (other === undefined || one.ttl > other.ttl)) return false;
  }
  const { x509, jwt } = then.grants;
  if (now.grants.x509?.keyTypes.some((type) => x509?.keyTypes.includes(type) !== true) === true)
    return false;
  if (now.grants.jwt?.audiences.some((one) => jwt?.audiences.includes(one) !== true) === true)
    return false;
  if (now.grants.jwt?.multipleAudiences === true && jwt?.multipleAudiences !== true) return false;
  return (
    now.claims.length >= then.claims.length &&
    now.claims.every(({ maxOwners, createWithin = Infinity }, at) => {
      const other = then.claims[at];
      return (
        other === undefined ||
        (maxOwners <= other.maxOwners && createWithin <= (other.createWithin ?? Infinity))
      );
    })
  );
}
