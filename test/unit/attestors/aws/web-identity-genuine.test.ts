import { describe, expect, it } from "vitest";
import { awsWebIdentity } from "../../../../src/attestors/aws/web-identity.ts";
import { accepted, JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl, keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean } from "../support.ts";

/** What AWS wrote. The one token among it was published without its signature: it shows the claims, and must fail. */
const files = import.meta.glob<string>(
  "../../../../../shared/vectors/aws-outbound-jwt/*.{json,jwt}",
  { query: "?raw", import: "default", eager: true },
);
const here = Object.keys(files).length > 0;
if (!here) console.warn("skipped: genuine evidence is not beside the project");
const file = (name: string): string =>
  files[`../../../../../shared/vectors/aws-outbound-jwt/${name}`] ?? "{}";

interface Published {
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  /** Names of people stand only there. */
  readonly sub: string;
  readonly "https://sts.amazonaws.com/": {
    readonly principal_tags: { readonly divvy_owner: string };
  };
}

describe.runIf(here)("what AWS wrote", () => {
  const token = file("confluent-1-es384-ec2-UNSIGNED-signature-stripped.jwt").trim();
  const claims: Published = JSON.parse(file("confluent-1-claims.json"));
  const account = "708975691912";
  const settings = {
    accounts: { [account]: claims.iss },
    audience: claims.aud,
    principal_tags: ["divvy_owner"],
  };
  const at = claims.iat + 10;

  it("is read claim by claim, once it is signed", async () => {
    const key = await tokenKey("ES384", "EC384_0");
    const attestor = await buildClean(awsWebIdentity, {
      ...settings,
      jwks: { [account]: keySetUrl(key) },
    });
    const evidence = { type: "aws_web_identity", token: await key.sign(claims) };
    expect(accepted(await judge(attestor, evidence, at, JKT)).claims).toEqual({
      account,
      partition: "aws",
      role_arn: claims.sub,
      role_name: claims.sub.slice(`arn:aws:iam::${account}:role/`.length),
      region: "eu-north-1",
      source_region: "eu-north-1",
      org_id: "o-0x3t8umolz",
      ou_path: ["o-0x3t8umolz/r-zc5j/ou-zc5j-5rpwzjlr/"],
      ec2_instance_arn: `arn:aws:ec2:eu-north-1:${account}:instance/i-09790f9968c11a1c7`,
      ec2_instance_id: "i-09790f9968c11a1c7",
      ec2_vpc: "vpc-ad8733c4",
      ec2_private_ip: "172.31.3.109",
      ec2_role_delivery: "2.0",
      "principal_tag.divvy_owner": claims["https://sts.amazonaws.com/"].principal_tags.divvy_owner,
    });
  });

  it("is nothing without its signature, nor with another account's published keys", async () => {
    const jwks = { [account]: dataUrl(file("forgejo-jwks.json")) };
    const attestor = await buildClean(awsWebIdentity, { ...settings, jwks });
    const [head = "", payload = ""] = token.split(".");
    const signature = "A".repeat(128);
    for (const one of [token, `${head}.${payload}.`, `${head}.${payload}.${signature}`]) {
      const judged = await judge(attestor, { type: "aws_web_identity", token: one }, at, JKT); // oxlint-disable-line no-await-in-loop -- three
      expect(outcome(judged)).not.toBe("accepted");
    }
  });

  it("publishes keys of both algorithms, under ids that every account has", async () => {
    const document: { issuer: string; jwks_uri: string } = JSON.parse(
      file("forgejo-openid-configuration.json"),
    );
    // The key set is where it is looked for without discovery.
    expect(document.jwks_uri).toBe(`${document.issuer}/.well-known/jwks.json`);
    const network = new FakeNetwork().serve(
      document.jwks_uri,
      () => new Response(file("forgejo-jwks.json")),
    );
    const attestor = await buildClean(
      awsWebIdentity,
      { accounts: { [account]: document.issuer } },
      { network },
    );
    const own = { ...claims, iss: document.issuer, aud: "https://id.prod.example" };
    for (const [alg, kid] of [
      ["RS256", "RSA_0"],
      ["ES384", "EC384_0"],
    ] as const) {
      const forger = await tokenKey(alg, kid); // oxlint-disable-line no-await-in-loop -- two
      const evidence = { type: "aws_web_identity", token: await forger.sign(own) }; // oxlint-disable-line no-await-in-loop -- two
      expect(outcome(await judge(attestor, evidence, at, JKT))).toBe("signature_invalid"); // oxlint-disable-line no-await-in-loop -- two
    }
    expect(network.calls).toEqual([document.jwks_uri]);
  });
});
