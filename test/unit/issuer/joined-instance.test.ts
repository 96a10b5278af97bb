import { describe, expect, it } from "vitest";
import { dataUrl, keySetUrl, tokenKey } from "../../fakes/token-issuer.ts";
import { simulateRegion } from "../../fakes/aws-metadata.ts";
import { ACCOUNT, bootedVm, codeOf, createWorld, ISSUER, NOW, workload } from "./world.ts";

const AWS_ISSUER = "https://3f0d1c2b-0000-4000-8000-00000000000a.tokens.sts.global.api.aws";
const VM = "i-0123456789abcdef0";
const rule = {
  name: "vm",
  evidence: { aws_iid: { image_id: "ami-0123456789abcdef0" }, aws_web_identity: {} },
  join: [["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"]],
  spiffe_id: "/vm/{aws_iid.instance_id}",
  x509: { ttl: "1h" },
};

/** An instance's document, which names no key, beside a token of its role, which does: no claim store is needed. */
describe("aws_iid joined to aws_web_identity by the instance", async () => {
  const aws = await tokenKey("ES384", "EC384_0");
  const region = await simulateRegion("xx-test-1");
  const world = await createWorld({
    store: "none",
    rules: [rule],
    evidence: {
      aws_iid: {
        accounts: [ACCOUNT],
        regions: { "xx-test-1": { partition: "aws", rsa2048: dataUrl(region.rsa2048) } },
      },
      aws_web_identity: {
        accounts: { [ACCOUNT]: AWS_ISSUER },
        jwks: { [ACCOUNT]: keySetUrl(aws) },
      },
    },
  });
  const document = () => bootedVm({ ...world, region }, VM);
  const token = async (audience: string, arn?: string) => ({
    type: "aws_web_identity",
    token: await aws.sign({
      iss: AWS_ISSUER,
      aud: audience,
      sub: `arn:aws:iam::${ACCOUNT}:role/web`,
      iat: NOW - 10,
      exp: NOW + 290,
      "https://sts.amazonaws.com/": { aws_account: ACCOUNT, ec2_source_instance_arn: arn },
    }),
  });
  const arn = (id: string, name = "xx-test-1") => `arn:aws:ec2:${name}:${ACCOUNT}:instance/${id}`;
  const owner = await workload(world);
  const post = async (evidence: readonly unknown[], csr = owner.csr) =>
    world.post({ evidence, x509: { csr } });

  it("gives the instance its identity", async () => {
    const answer = await post([await document(), await token(owner.bound, arn(VM))]);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(`spiffe://prod.example/vm/${VM}`);
  });

  it.each([
    ["another instance", arn("i-0fedcba9876543210")],
    ["the instance of that id in another region", arn(VM, "xx-test-2")],
    ["no instance", undefined],
  ])("refuses a stolen document beside the thief's own token of %s", async (_, other) => {
    const thief = await workload(world);
    const answer = await post([await document(), await token(thief.bound, other)], thief.csr);
    expect(await codeOf(answer)).toBe("refused");
  });

  it("refuses both where the token was stolen, too", async () => {
    const thief = await workload(world);
    const pieces = [await document(), await token(owner.bound, arn(VM))];
    expect(await codeOf(await post(pieces, thief.csr))).toBe("evidence_rejected");
  });

  it("refuses a token that names no key, and either piece alone", async () => {
    expect(await codeOf(await post([await document(), await token(ISSUER, arn(VM))]))).toBe(
      "refused",
    );
    expect(await codeOf(await post([await document()]))).toBe("refused");
    expect(await codeOf(await post([await token(owner.bound, arn(VM))]))).toBe("refused");
  });
});
