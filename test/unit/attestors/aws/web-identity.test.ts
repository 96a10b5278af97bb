import { describe, expect, it } from "vitest";
import { awsWebIdentity } from "../../../../src/attestors/aws/web-identity.ts";
import { accepted, JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl, keySet } from "../../../fakes/token-issuer.ts";
import { buildClean, complaints, NOW } from "../support.ts";
import {
  ACCOUNT,
  AWS_ISSUER,
  claimsOf,
  ec,
  FUNCTION,
  INSTANCE,
  judgeClaims,
  OTHER,
  OTHER_ISSUER,
  otherRsa,
  rsa,
  settings,
} from "./web-identity-support.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/service/payments`;

describe("aws_web_identity", () => {
  it("attests a Lambda function", async () => {
    const { claims } = accepted(await judgeClaims(claimsOf(FUNCTION)));
    expect(claims).toEqual({
      account: ACCOUNT,
      partition: "aws",
      role_arn: ROLE,
      role_name: "payments",
      region: "eu-central-1",
      lambda_function: "payments-api",
      lambda_function_arn: FUNCTION.lambda_source_function_arn,
      org_id: "o-abc1234567",
      ou_path: FUNCTION.ou_path,
      source_region: "eu-central-1",
      "principal_tag.team": "payments",
    });
  });

  it("attests an EC2 instance, by the ARN that aws_iid has for it", async () => {
    const { claims } = accepted(await judgeClaims(claimsOf(INSTANCE), ec));
    expect(claims).toMatchObject({
      region: "eu-central-1",
      ec2_instance_id: "i-0123456789abcdef0",
      ec2_instance_arn: INSTANCE.ec2_source_instance_arn,
      ec2_vpc: "vpc-ad8733c4",
      ec2_private_ip: "172.31.3.109",
      ec2_role_delivery: "2.0",
    });
    expect(claims).not.toHaveProperty("lambda_function");
  });

  it("has a claim for each text that AWS states, and no other", async () => {
    const aws = {
      aws_account: ACCOUNT,
      source_identity: "a",
      federated_provider: "b",
      glue_credential_issuing_service: "c",
      lambda_function: "forged",
      account: OTHER,
    };
    expect(accepted(await judgeClaims(claimsOf(aws))).claims).toEqual({
      account: ACCOUNT,
      partition: "aws",
      role_arn: ROLE,
      role_name: "payments",
      source_identity: "a",
      federated_provider: "b",
      glue_service: "c",
    });
  });

  it("attests a version or alias of a function apart from its name", async () => {
    const arn = `${FUNCTION.lambda_source_function_arn}:live`;
    const { claims } = accepted(
      await judgeClaims(claimsOf({ ...FUNCTION, lambda_source_function_arn: arn })),
    );
    expect(claims).toMatchObject({ lambda_function: "payments-api", lambda_qualifier: "live" });
  });

  it("takes the documented form of ou_path, and null and empty as absent", async () => {
    const aws = {
      aws_account: ACCOUNT,
      ou_path: "o-a/r-b/ou-c/",
      org_id: null,
      source_identity: "",
      principal_tags: null,
      lambda_source_function_arn: null,
    };
    expect(accepted(await judgeClaims(claimsOf(aws))).claims).toEqual({
      account: ACCOUNT,
      partition: "aws",
      role_arn: ROLE,
      role_name: "payments",
      ou_path: ["o-a/r-b/ou-c/"],
    });
  });

  it("never shows what the caller wrote, however it is called", async () => {
    const tags = { team: "admin", account: OTHER, role_name: "admin", lambda_function: "admin" };
    const aws = { aws_account: ACCOUNT, request_tags: tags, unheard_of: "x", region: "x" };
    const { claims } = accepted(await judgeClaims(claimsOf(aws, { request_tags: tags, ...tags })));
    expect(Object.keys(claims).toSorted()).toEqual([
      "account",
      "partition",
      "role_arn",
      "role_name",
    ]);
    const [factor] = awsWebIdentity.factors(awsWebIdentity.config().parse(settings));
    expect(Object.keys(factor?.claims ?? {}).filter((name) => name.includes("request"))).toEqual(
      [],
    );
    expect(factor?.open).toBeUndefined();
  });

  it("shows only the principal tags that are named, and none that only looks like one", async () => {
    const tags = { stage: "prod", "cost-center": "7", constructor: "x" };
    const by = { ...settings, principal_tags: ["cost-center", "toString", "constructor"] };
    const { claims } = accepted(
      await judgeClaims(claimsOf({ ...FUNCTION, principal_tags: tags }), rsa, by),
    );
    const shown = Object.entries(claims).filter(([name]) => name.startsWith("principal_tag."));
    expect(shown).toEqual([
      ["principal_tag.cost-center", "7"],
      ["principal_tag.constructor", "x"],
    ]);
  });
});

describe("accounts", () => {
  it.each([
    ["token of another account", { ...FUNCTION, aws_account: OTHER }, {}],
    ["role of another account", FUNCTION, { sub: `arn:aws:iam::${OTHER}:role/payments` }],
    [
      "function of another account",
      {
        ...FUNCTION,
        lambda_source_function_arn: `arn:aws:lambda:eu-central-1:${OTHER}:function:f`,
      },
      {},
    ],
    [
      "instance of another account",
      {
        ...INSTANCE,
        ec2_source_instance_arn: `arn:aws:ec2:eu-central-1:${OTHER}:instance/i-01234567`,
      },
      {},
    ],
    ["account as a number", { ...FUNCTION, aws_account: Number(ACCOUNT) }, {}],
    ["account in a list", { ...FUNCTION, aws_account: [ACCOUNT] }, {}],
    ["no account", { ...FUNCTION, aws_account: undefined }, {}],
  ])("refuses a %s under this account's issuer", async (_, aws, changed) => {
    expect(outcome(await judgeClaims(claimsOf(aws, changed)))).toBe("tenant_not_configured");
  });

  it("never lets the key of one account vouch for another, though both have one id", async () => {
    expect(outcome(await judgeClaims(claimsOf(FUNCTION), otherRsa))).toBe("signature_invalid");
    const own = claimsOf(
      { aws_account: OTHER },
      { iss: OTHER_ISSUER, sub: `arn:aws:iam::${OTHER}:role/r` },
    );
    expect(accepted(await judgeClaims(own, otherRsa)).claims["account"]).toBe(OTHER);
    expect(outcome(await judgeClaims(own, rsa))).toBe("signature_invalid");
  });

  it("keeps fetched keys apart by issuer", async () => {
    const network = new FakeNetwork()
      .serveJson(`${AWS_ISSUER}/.well-known/jwks.json`, keySet(rsa))
      .serveJson(`${OTHER_ISSUER}/.well-known/jwks.json`, keySet(otherRsa));
    const attestor = await buildClean(awsWebIdentity, { accounts: settings.accounts }, { network });
    const own = claimsOf(
      { aws_account: OTHER },
      { iss: OTHER_ISSUER, sub: `arn:aws:iam::${OTHER}:role/r` },
    );
    const judged = [];
    for (const [key, claims] of [
      [rsa, claimsOf(FUNCTION)],
      [rsa, own],
      [otherRsa, own],
      [otherRsa, claimsOf(FUNCTION)],
    ] as const) {
      const evidence = { type: "aws_web_identity", token: await key.sign(claims) }; // oxlint-disable-line no-await-in-loop -- in order
      judged.push(outcome(await judge(attestor, evidence, NOW, JKT))); // oxlint-disable-line no-await-in-loop -- in order
    }
    expect(judged).toEqual(["accepted", "signature_invalid", "accepted", "signature_invalid"]);
    expect(network.calls).toHaveLength(2);
  });
});

describe("configuration", () => {
  const accounts = { [ACCOUNT]: AWS_ISSUER };
  it.each<[string, object, string[]]>([
    ["is complete", { accounts }, []],
    ["names no account", { accounts: {} }, ["accounts"]],
    ["lacks accounts", {}, ["accounts"]],
    ["has a short account", { accounts: { "1234": AWS_ISSUER } }, ["accounts.1234"]],
    ["has http", { accounts: { [ACCOUNT]: "http://a.example" } }, [`accounts.${ACCOUNT}`]],
    ["has a slash", { accounts: { [ACCOUNT]: `${AWS_ISSUER}/` } }, [`accounts.${ACCOUNT}`]],
    ["has one issuer twice", { accounts: { ...accounts, [OTHER]: AWS_ISSUER } }, ["accounts"]],
    ["has strange keys", { accounts, jwks: { [OTHER]: dataUrl("{}") } }, ["jwks"]],
    ["has one key set for all", { accounts, jwks: dataUrl("{}") }, ["jwks"]],
    ["has long tokens", { accounts, max_lifetime: "2h" }, ["max_lifetime"]],
    ["has a tag with braces", { accounts, principal_tags: ["{a}"] }, ["principal_tags.0"]],
    ["has what is not known", { accounts, request_tags: ["a"] }, [""]],
  ])("that %s", (_, section, paths) => {
    expect(complaints(awsWebIdentity, section)).toEqual(paths);
  });

  it("takes a shorter life", async () => {
    const short = { ...settings, max_lifetime: "10m" };
    const judged = async (exp: number) =>
      outcome(await judgeClaims(claimsOf(FUNCTION, { iat: NOW, exp }), rsa, short));
    expect(await judged(NOW + 601)).toBe("evidence_lifetime");
    expect(await judged(NOW + 600)).toBe("accepted");
  });

  it("pins by account", () => {
    const [factor] = awsWebIdentity.factors(awsWebIdentity.config().parse(settings));
    expect(factor?.pins).toEqual([{ claim: "account", values: [ACCOUNT, OTHER] }]);
    expect(factor?.claims).toMatchObject({ "principal_tag.team": "string" });
    expect(factor?.instanceClaims).toEqual(["ec2_instance_arn", "ec2_instance_id"]);
  });
});
