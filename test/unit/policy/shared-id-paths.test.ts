import { describe, expect, it } from "vitest";
import type { FactorInfo } from "../../../src/attestation.ts";
import { A, B, compile, errorsOf, FACTORS, type Json, rule } from "./fixtures.ts";

const iid = (account: unknown, spiffe_id: string, parts: Json = {}): Json =>
  rule({ name: `r${counter++}`, evidence: { aws_iid: { account, ...parts } }, spiffe_id });
let counter = 0;

/** The usual ones, with a second plain issuer, and two customers of one more type. */
const factors: readonly FactorInfo[] = FACTORS.flatMap((factor) => {
  if (factor.name === "oidc.dev") return [factor, { ...factor, name: "oidc.lab" }];
  return factor.name === "aws_web_identity"
    ? [{ ...factor, pins: [{ claim: "account", values: [A, B] }] }]
    : [factor];
});
const compiled = (rules: readonly Json[]) => compile(rules, undefined, {}, factors);

const SAME_ACCOUNT = ["aws_iid.account", "aws_web_identity.account"];
const SAME_INSTANCE = ["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"];
const joined = (account: unknown, spiffe_id: string, join = [SAME_ACCOUNT]): Json =>
  rule({
    name: `r${counter++}`,
    evidence: { aws_iid: { account }, aws_web_identity: { account } },
    join,
    spiffe_id,
  });
const SEVENTEEN = Array.from({ length: 17 }, (_, n) => `v${n}`);

/** What the tree of paths, their shapes and the joins must not lose. */
const CONFLICTS: readonly [name: string, rules: Json[]][] = [
  [
    "another issuer, pinned by its entry alone",
    [
      rule({ name: "d", evidence: { "oidc.dev": { sub: "x" } }, spiffe_id: "/ci" }),
      rule({ name: "l", evidence: { "oidc.lab": { sub: "x" } }, spiffe_id: "/ci" }),
    ],
  ],
  [
    "a value and a literal end",
    [iid(A, "/{aws_iid.region}-y", { region: "eu-1" }), iid(B, "/eu-1-y")],
  ],
  [
    "a glob and no more than its beginning",
    [iid(A, "/{aws_iid.region}", { region: "eu-*" }), iid(B, "/eu-")],
  ],
  [
    "templates with one beginning and two ends",
    [iid(A, "/{aws_iid.region}-a"), iid(A, "/{aws_iid.region}-b"), iid(B, "/{aws_iid.region}-b")],
  ],
  [
    "templates with one beginning that part behind it",
    [iid(A, "/{aws_iid.region}/a"), iid(A, "/{aws_iid.region}/b"), iid(B, "/{aws_iid.region}/a")],
  ],
  [
    "lists that give more paths than are looked at one by one",
    [
      iid(A, "/x-{aws_iid.region}/{aws_iid.image_id}", { region: SEVENTEEN, image_id: SEVENTEEN }),
      iid(B, "/x-v3/v16"),
    ],
  ],
  ["a pin that a join makes equal to another", [joined(A, "/web"), iid(B, "/web")]],
  [
    "a claim that a second join makes equal to no pin",
    [joined([A, B], "/{aws_iid.instance_arn}", [SAME_ACCOUNT, SAME_INSTANCE])],
  ],
];

/** What is told apart by more than its looks. */
const SOUND: readonly [name: string, rules: Json[]][] = [
  ["two lists that a join makes equal", [joined([A, B], "/{aws_iid.account}")]],
  [
    "a claim that two joins make equal to the pin",
    [
      rule({
        evidence: {
          aws_iid: { account: [A, B] },
          aws_web_identity: { account: [A, B] },
          azure_msi: { tenant: "t1" },
        },
        join: [
          ["aws_iid.account", "azure_msi.subscription"],
          ["aws_web_identity.account", "azure_msi.subscription"],
        ],
        keys_per_token: 1,
        spiffe_id: "/{aws_web_identity.account}",
      }),
    ],
  ],
  [
    "one customer, stated and implied",
    [
      rule({ name: "s", evidence: { gcp_iit: { kind: "instance" } }, spiffe_id: "/g" }),
      rule({
        name: "i",
        evidence: { gcp_iit: { kind: "instance", project_id: "payments" } },
        spiffe_id: "/g",
      }),
    ],
  ],
];

describe("all that rules can give", () => {
  it.each(CONFLICTS)("meets: %s", (_name, rules) => {
    for (const some of [rules, rules.toReversed()])
      expect(errorsOf(compiled(some).issues)).toEqual([expect.stringContaining("shared_id: true")]);
  });

  it.each(SOUND)("is parted: %s", (_name, rules) => {
    expect(errorsOf(compiled(rules).issues)).toEqual([]);
  });
});
