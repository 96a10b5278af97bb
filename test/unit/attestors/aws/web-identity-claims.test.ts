import { describe, expect, it } from "vitest";
import type { Reason } from "../../../../src/reasons.ts";
import { outcome } from "../../../conformance/attestor.ts";
import { ACCOUNT, claimsOf, FUNCTION, INSTANCE, judgeClaims } from "./web-identity-support.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/service/payments`;

describe("principals", () => {
  it.each([
    [`arn:aws:iam::${ACCOUNT}:role/r`, "accepted"],
    [`arn:aws-us-gov:iam::${ACCOUNT}:role/a/b/c/r+=,.@-_`, "accepted"],
    [`arn:aws:iam::${ACCOUNT}:user/path/bob`, "not_a_workload"],
    [`arn:aws:iam::${ACCOUNT}:root`, "not_a_workload"],
    [`arn:aws:sts::${ACCOUNT}:federated-user/bob`, "not_a_workload"],
    [`arn:aws:sts::${ACCOUNT}:assumed-role/r/s`, "not_a_workload"],
    [`arn:aws:sts::${ACCOUNT}:role/r`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:instance-profile/role/r`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:ROLE/r`, "claim_value"],
    [
      `arn:aws:iam::${ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef`,
      "not_a_workload",
    ],
    [`arn:aws:iam::${ACCOUNT}:role/aws-reserved/sso.amazonaws.com/r`, "not_a_workload"],
    [`arn:aws:iam::${ACCOUNT}:role/AWSReservedSSO_Admin`, "not_a_workload"],
    [`arn:aws:iam:eu-west-1:${ACCOUNT}:role/r`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/a/`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role//r`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/r s`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/r\n`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/${"r".repeat(65)}`, "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/p\u0131yments`, "claim_value"],
    [`ARN:aws:iam::${ACCOUNT}:role/r`, "claim_value"],
    [` arn:aws:iam::${ACCOUNT}:role/r`, "claim_value"],
    [`arn:evil:iam::${ACCOUNT}:role/r`, "claim_value"],
    [`arn:aws:iam::1${ACCOUNT}:role/r`, "claim_value"],
    ["", "claim_value"],
    [undefined, "claim_missing"],
    [1, "claim_type"],
    [[ROLE], "claim_type"],
  ])("%s: %s", async (sub, expected) => {
    expect(outcome(await judgeClaims(claimsOf({ aws_account: ACCOUNT }, { sub })))).toBe(expected);
  });

  it("refuses people whom IAM Identity Center let in, whatever role they took", async () => {
    const aws = { ...FUNCTION, identity_store_user_id: "user-abc123def456" };
    expect(outcome(await judgeClaims(claimsOf(aws)))).toBe("not_a_workload");
  });
});

describe("the namespace", () => {
  const arn = FUNCTION.lambda_source_function_arn;
  it.each<readonly [string, unknown, Reason]>([
    ["absent", undefined, "claim_missing"],
    ["null", null, "claim_type"],
    ["text", "aws_account", "claim_type"],
    ["a list", [FUNCTION], "claim_type"],
    ["a number for org_id", { ...FUNCTION, org_id: 1 }, "claim_type"],
    ["a list for org_id", { ...FUNCTION, org_id: ["o-a"] }, "claim_type"],
    ["an object for ou_path", { ...FUNCTION, ou_path: { a: "b" } }, "claim_type"],
    ["numbers in ou_path", { ...FUNCTION, ou_path: ["a", 1] }, "claim_type"],
    ["a list for tags", { ...FUNCTION, principal_tags: ["team"] }, "claim_type"],
    ["text for tags", { ...FUNCTION, principal_tags: "team" }, "claim_type"],
    ["a number for a tag", { ...FUNCTION, principal_tags: { team: 1 } }, "claim_type"],
    ["a list for a function", { ...FUNCTION, lambda_source_function_arn: [arn] }, "claim_type"],
    [
      "another service",
      { ...FUNCTION, lambda_source_function_arn: arn.replace("lambda", "ec2") },
      "claim_value",
    ],
    [
      "no region",
      { ...FUNCTION, lambda_source_function_arn: arn.replace("eu-central-1", "") },
      "claim_value",
    ],
    [
      "a slash",
      { ...FUNCTION, lambda_source_function_arn: arn.replace("function:", "function/") },
      "claim_value",
    ],
    [
      "a layer",
      { ...FUNCTION, lambda_source_function_arn: arn.replace("function:", "layer:") },
      "claim_value",
    ],
    ["two qualifiers", { ...FUNCTION, lambda_source_function_arn: `${arn}:1:2` }, "claim_value"],
    ["an empty qualifier", { ...FUNCTION, lambda_source_function_arn: `${arn}:` }, "claim_value"],
    ["a line break", { ...FUNCTION, lambda_source_function_arn: `${arn}\n` }, "claim_value"],
    [
      "a path in the name",
      { ...FUNCTION, lambda_source_function_arn: `${arn}/../x` },
      "claim_value",
    ],
    [
      "no instance",
      { ...INSTANCE, ec2_source_instance_arn: `arn:aws:ec2:eu-central-1:${ACCOUNT}:volume/v-1` },
      "claim_value",
    ],
    [
      "a bad instance id",
      {
        ...INSTANCE,
        ec2_source_instance_arn: `arn:aws:ec2:eu-central-1:${ACCOUNT}:instance/i-XYZ`,
      },
      "claim_value",
    ],
    ...[
      "instance/i-0123456789abcdef00",
      "instance/i-0123456",
      "instance/i-0123456789ABCDEF0",
      "instance/i-0123456789abcdef0/x",
      "instance/i-0123456789abcdef0\n",
      "x-instance/i-0123456789abcdef0",
    ].map(
      (resource) =>
        [
          JSON.stringify(resource),
          {
            ...INSTANCE,
            ec2_source_instance_arn: `arn:aws:ec2:eu-central-1:${ACCOUNT}:${resource}`,
          },
          "claim_value",
        ] as const,
    ),
    [
      "a function's name inside another resource",
      {
        ...FUNCTION,
        lambda_source_function_arn: arn.replace("function:", "event-source-mapping:function:"),
      },
      "claim_value",
    ],
    [
      "another partition",
      { ...FUNCTION, lambda_source_function_arn: arn.replace("arn:aws:", "arn:aws-cn:") },
      "claim_value",
    ],
    [
      "two places",
      { ...INSTANCE, lambda_source_function_arn: arn.replace("eu-central-1", "eu-west-1") },
      "claim_value",
    ],
  ])("with %s is refused", async (_, aws, reason) => {
    expect(outcome(await judgeClaims(claimsOf(aws)))).toBe(reason);
  });
});
