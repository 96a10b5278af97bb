import { describe, expect, it } from "vitest";
import { REGION_KEYS } from "../../../../src/attestors/aws/region-keys.ts";
import { awsSts } from "../../../../src/attestors/aws/sts.ts";
import { stsHost } from "../../../../src/platform/caller-identity.ts";
import { accepted, JKT, judge, OTHER_JKT, outcome } from "../../../conformance/attestor.ts";
import { build, complaints, ISSUER, NOW } from "../support.ts";
import { ACCOUNT, attestorWith, BOUND, identity, PRINCIPAL, sign, Sink } from "./sts-support.ts";

async function judgeBy(sink: Sink, evidence: unknown, jkt: string | undefined = JKT, at = NOW) {
  return judge(await attestorWith(sink), evidence, at, jkt);
}

describe("aws_sts", () => {
  it("attests the session of a role, and keeps role and session apart", async () => {
    const sink = new Sink();
    expect(accepted(await judgeBy(sink, await sign()))).toEqual({
      type: "aws_sts",
      name: "aws_sts",
      claims: {
        account: ACCOUNT,
        partition: "aws",
        role_name: "payments",
        role_id: "AROAQWERTYUIOPASDFGHJ",
        session_name: "payments-api",
      },
      binding: { kind: "key", jkt: JKT },
      notBefore: NOW,
      notAfter: NOW + 840,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
  });

  it("sends exactly one request, of which the client chose five parts", async () => {
    const sink = new Sink();
    const evidence = await sign();
    accepted(await judgeBy(sink, evidence));
    const [request] = sink.requests;
    expect(sink.requests).toHaveLength(1);
    expect([request?.method, request?.url]).toEqual([
      "POST",
      "https://sts.eu-central-1.amazonaws.com/",
    ]);
    expect(new TextDecoder().decode(await request?.arrayBuffer())).toBe(
      "Action=GetCallerIdentity&Version=2011-06-15",
    );
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      accept: "application/json",
      authorization: `AWS4-HMAC-SHA256 Credential=${PRINCIPAL.accessKeyId}/20270115/eu-central-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-svidmint-binding, Signature=${evidence.signature}`,
      "content-type": "application/x-www-form-urlencoded",
      "x-amz-content-sha256": "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843",
      "x-amz-date": "20270115T080000Z",
      "x-amz-security-token": PRINCIPAL.sessionToken,
      "x-svidmint-binding": BOUND,
    });
  });

  it("has one claim key for one signed request, whatever was sent beside it", async () => {
    const keys = await Promise.all(
      [sign(), sign(), sign({ now: NOW - 1 }), sign({ binding: ISSUER })].map(async (evidence) => {
        const signed = await evidence;
        const result = await judgeBy(new Sink(), signed);
        const bare = result.ok ? result : await judge(await attestorWith(new Sink()), signed, NOW);
        return accepted(bare).claimKey;
      }),
    );
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(3);
  });
});

describe("what the signature is for", () => {
  it.each([
    ["S of the key, with the key", BOUND, JKT, "accepted"],
    ["S of the key, with another", BOUND, OTHER_JKT, "signature_invalid"],
    ["S of the key, with none", BOUND, undefined, "signature_invalid"],
    ["the base, with none", ISSUER, undefined, "accepted"],
    ["the base, with a key", ISSUER, JKT, "signature_invalid"],
    ["another issuer", `https://id.other.example/jkt/${JKT}`, JKT, "signature_invalid"],
    ["another issuer's base", "https://id.other.example", undefined, "signature_invalid"],
    ["a slash more", `${ISSUER}//jkt/${JKT}`, JKT, "signature_invalid"],
    ["nothing", "", undefined, "signature_invalid"],
  ])("%s", async (_, binding, jkt, expected) => {
    const attestor = await attestorWith(new Sink());
    expect(outcome(await judge(attestor, await sign({ binding }), NOW, jkt))).toBe(expected);
  });

  it("is the base that is configured", async () => {
    const attestor = await attestorWith(new Sink(), { audience: "api://svidmint" });
    const own = await sign({ binding: `api://svidmint/jkt/${JKT}` });
    expect(outcome(await judge(attestor, own, NOW, JKT))).toBe("accepted");
    expect(outcome(await judge(attestor, await sign(), NOW, JKT))).toBe("signature_invalid");
  });
});

describe("time", () => {
  it.each([
    [0, "accepted"],
    [-899, "accepted"],
    [-900, "evidence_expired"],
    [-960, "evidence_expired"],
    [60, "accepted"],
    [61, "evidence_not_yet_valid"],
    [600, "evidence_not_yet_valid"],
  ])("signed %i s from now: %s", async (seconds, expected) => {
    const sink = new Sink();
    expect(outcome(await judgeBy(sink, await sign({ now: NOW + seconds })))).toBe(expected);
    expect(sink.requests).toHaveLength(expected === "accepted" ? 1 : 0);
  });
});

describe("regions", () => {
  it.each(Object.entries(REGION_KEYS))("%s is asked at its own endpoint", async (region, entry) => {
    const sink = new Sink();
    const arn = `arn:${entry.partition}:sts::${ACCOUNT}:assumed-role/r/s-1`;
    sink.respond = () => identity(ACCOUNT, arn, "AROAX:s-1");
    const { claims } = accepted(await judgeBy(sink, await sign({ region })));
    expect(claims["partition"]).toBe(entry.partition);
    const suffix = { "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu" }[entry.partition];
    expect(sink.requests.map(({ url }) => url)).toEqual([
      `https://sts.${region}.${suffix ?? "amazonaws.com"}/`,
    ]);
  });

  it.each([
    ["us-east-1", "sts-fips.us-east-1.amazonaws.com"],
    ["us-west-2", "sts-fips.us-west-2.amazonaws.com"],
    ["us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"],
    ["eu-central-1", undefined],
    ["cn-north-1", undefined],
    ["eusc-de-east-1", undefined],
    ["us-iso-east-1", undefined],
  ])("with fips, %s is asked at %s", async (region, host) => {
    expect(stsHost(region, true)).toBe(host);
    const sink = new Sink();
    const attestor = await attestorWith(sink, { fips: true });
    await judge(attestor, { ...(await sign()), region }, NOW, JKT);
    expect(sink.requests.map(({ url }) => url)).toEqual(
      host === undefined ? [] : [`https://${host}/`],
    );
  });

  it("of one partition never speak for another", async () => {
    for (const partition of ["aws-cn", "aws-us-gov", "aws-evil", "aws-iso"]) {
      const sink = new Sink();
      const arn = `arn:${partition}:sts::${ACCOUNT}:assumed-role/r/s-1`;
      sink.respond = () => identity(ACCOUNT, arn, "AROAX:s-1");
      expect(outcome(await judgeBy(sink, await sign()))).toBe("claim_value"); // oxlint-disable-line no-await-in-loop -- four
    }
  });
});

describe("configuration", () => {
  const accounts = [ACCOUNT];
  it.each<[string, object, string[]]>([
    ["is complete", { accounts, fips: true, audience: "api://svidmint" }, []],
    ["names no account", { accounts: [] }, ["accounts"]],
    ["lacks accounts", {}, ["accounts"]],
    ["has a number", { accounts: [111122223333] }, ["accounts.0"]],
    ["has hosts", { accounts, endpoint: "https://sts.evil.example" }, [""]],
  ])("that %s", (_, section, paths) => {
    expect(complaints(awsSts, section)).toEqual(paths);
  });

  it.each(["api svidmint", "api://svidmint ", "api://svidm\u00efnt"])(
    "refuses the audience %j, which no header carries unchanged",
    async (audience) => {
      const { issues } = await build(awsSts, { accounts, audience });
      expect(issues).toMatchObject([{ path: ["audience"], severity: "error" }]);
    },
  );
});
