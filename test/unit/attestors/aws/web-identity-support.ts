import { awsWebIdentity } from "../../../../src/attestors/aws/web-identity.ts";
import { JKT, judge } from "../../../conformance/attestor.ts";
import { keySetUrl, tokenKey, type TokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";

export const ACCOUNT = "111122223333";
export const OTHER = "444455556666";
export const AWS_ISSUER = "https://3f0d1c2b-0000-4000-8000-00000000000a.tokens.sts.global.api.aws";
export const OTHER_ISSUER =
  "https://3f0d1c2b-0000-4000-8000-00000000000b.tokens.sts.global.api.aws";
const NAMESPACE = "https://sts.amazonaws.com/";

/** Two accounts, whose keys have one id, as AWS gives them. */
export const rsa = await tokenKey("RS256", "RSA_0");
export const ec = await tokenKey("ES384", "EC384_0");
export const otherRsa = await tokenKey("RS256", "RSA_0");

export const settings = {
  accounts: { [ACCOUNT]: AWS_ISSUER, [OTHER]: OTHER_ISSUER },
  principal_tags: ["team", "cost-center"],
  jwks: { [ACCOUNT]: keySetUrl(rsa, ec), [OTHER]: keySetUrl(otherRsa) },
};

export const FUNCTION = {
  aws_account: ACCOUNT,
  source_region: "eu-central-1",
  org_id: "o-abc1234567",
  ou_path: ["o-abc1234567/r-ab12/ou-ab12-11111111/"],
  principal_id: `arn:aws:iam::${ACCOUNT}:role/service/payments`,
  principal_tags: { team: "payments", stage: "prod", "cost-center": "" },
  original_session_exp: "2027-01-15T10:00:00Z",
  lambda_source_function_arn: `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:payments-api`,
};

export const INSTANCE = {
  aws_account: ACCOUNT,
  source_region: "eu-north-1",
  ec2_source_instance_arn: `arn:aws:ec2:eu-central-1:${ACCOUNT}:instance/i-0123456789abcdef0`,
  ec2_instance_source_vpc: "vpc-ad8733c4",
  ec2_instance_source_private_ipv4: "172.31.3.109",
  ec2_role_delivery: "2.0",
};

/** Good claims with this under the namespace. */
export function claimsOf(aws: unknown, changed: object = {}): Record<string, unknown> {
  return {
    aud: ISSUER,
    sub: `arn:aws:iam::${ACCOUNT}:role/service/payments`,
    [NAMESPACE]: aws,
    iss: AWS_ISSUER,
    exp: NOW + 290,
    iat: NOW - 10,
    jti: "1d3d3fc2-0e79-4269-9671-2f8484619fb7",
    ...changed,
  };
}

export async function judgeClaims(claims: object, key: TokenKey = rsa, by: object = settings) {
  const attestor = await buildClean(awsWebIdentity, by);
  return judge(attestor, { type: "aws_web_identity", token: await key.sign(claims) }, NOW, JKT);
}
