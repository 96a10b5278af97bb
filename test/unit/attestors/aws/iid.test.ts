import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../../src/encoding/bytes.ts";
import type { Reason } from "../../../../src/reasons.ts";
import { documentText } from "../../../fakes/aws-metadata.ts";
import { base64 } from "../../../fakes/keys.ts";
import { ACCOUNT, judge, LAUNCH, makeIid, NOW, refusal, simulatedCloud } from "./iid-support.ts";

const cloud = await simulatedCloud();

describe("aws_iid", () => {
  it.each(["2017", "2021", "2026"] as const)(
    "attests a document as EC2 signed it in %s",
    async (generation) => {
      const { rsa2048 } = await cloud.west.launch({ ...LAUNCH, generation });
      const result = await judge(await cloud.attestor(), { rsa2048 }, NOW);
      expect(result).toEqual({
        ok: true,
        value: {
          type: "aws_iid",
          name: "aws_iid",
          claims: {
            account: ACCOUNT,
            partition: "aws",
            region: "xx-west-1",
            availability_zone: "xx-west-1a",
            instance_id: "i-0123456789abcdef0",
            instance_arn: `arn:aws:ec2:xx-west-1:${ACCOUNT}:instance/i-0123456789abcdef0`,
            image_id: "ami-0123456789abcdef0",
            instance_type: "t3.micro",
            architecture: "x86_64",
            private_ip: "10.0.0.17",
            pending_time: NOW - 60,
            form: "rsa2048",
          },
          binding: { kind: "none" },
          claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
          generation: NOW - 60,
          startedAt: NOW - 60,
        },
      });
    },
  );

  it("attests an old document as readily as a new one: age is the rules' business", async () => {
    const { rsa2048 } = await cloud.west.launch(LAUNCH);
    expect(await judge(await cloud.attestor(), { rsa2048 }, NOW + 5 * 365 * 86_400)).toMatchObject({
      ok: true,
    });
  });

  it("names product codes where the document has them", async () => {
    const evidence = await cloud.signed({
      billingProducts: ["bp-1"],
      marketplaceProductCodes: ["mp-1", "mp-2"],
    });
    expect(await judge(await cloud.attestor(), evidence, NOW)).toMatchObject({
      value: {
        claims: { billing_products: ["bp-1"], marketplace_product_codes: ["mp-1", "mp-2"] },
      },
    });
  });

  it("gives another claim key for another instance, account, region, partition or trust domain", async () => {
    const { rsa2048 } = await cloud.west.launch(LAUNCH);
    const other = "210987654321";
    const setup = { accounts: [ACCOUNT, other], regions: cloud.regions };
    const { attestor } = await makeIid(setup);
    const elsewhere = {
      ...cloud.regions,
      "xx-west-1": { partition: "aws-iso", rsa2048: cloud.west.rsa2048 },
    };
    const keys = await Promise.all(
      [
        judge(attestor, { rsa2048 }, NOW),
        judge(attestor, await cloud.signed({ instanceId: "i-0123456789abcdef1" }), NOW),
        judge(attestor, await cloud.signed({ accountId: other }), NOW),
        judge(attestor, await cloud.signed({}, cloud.east), NOW),
        judge((await makeIid({ ...setup, regions: elsewhere })).attestor, { rsa2048 }, NOW),
        judge((await makeIid(setup, "test.example")).attestor, { rsa2048 }, NOW),
      ].map(async (result) => {
        const judged = await result;
        return judged.ok ? judged.value.claimKey : judged.error.reason;
      }),
    );
    expect(keys.every((key) => key.length === 64)).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("gives the same claim key and a higher generation after a stop and start", async () => {
    const attestor = await cloud.attestor();
    const first = await judge(
      attestor,
      await cloud.west.launch(LAUNCH).then(({ rsa2048 }) => ({ rsa2048 })),
      NOW,
    );
    const later = await cloud.west.launch({ ...LAUNCH, pendingTime: NOW });
    const second = await judge(attestor, { rsa2048: later.rsa2048 }, NOW);
    if (!first.ok || !second.ok) throw new Error("refused");
    expect(second.value.claimKey).toBe(first.value.claimKey);
    expect(second.value.generation).toBe(first.value.generation + 60);
  });

  it("refuses a start in the future beyond the leeway", async () => {
    const attestor = await cloud.attestor();
    const { rsa2048 } = await cloud.west.launch(LAUNCH);
    expect(await judge(attestor, { rsa2048 }, LAUNCH.pendingTime - 60)).toMatchObject({ ok: true });
    expect(await judge(attestor, { rsa2048 }, LAUNCH.pendingTime - 61)).toMatchObject(
      refusal("evidence_not_yet_valid"),
    );
  });

  it("refuses unknown regions and accounts before it looks at a signature", async () => {
    const attestor = await cloud.attestor();
    const cases: [Record<string, unknown>, Reason][] = [
      [{ region: "xx-north-1" }, "region_unknown"],
      [{ region: "us-iso-east-1" }, "region_unknown"],
      [{ region: "" }, "region_unknown"],
      [{ region: "constructor" }, "region_unknown"],
      [{ region: "__proto__" }, "region_unknown"],
      [{ region: "US-EAST-1" }, "region_unknown"],
      [{ region: "us-east-1 " }, "region_unknown"],
      [{ accountId: "999999999999" }, "tenant_not_configured"],
      [{ accountId: `${ACCOUNT} ` }, "claim_value"],
      [{ accountId: "12345678901" }, "claim_value"],
      [{ accountId: Number(ACCOUNT) }, "claim_type"],
      [{ accountId: [ACCOUNT] }, "claim_type"],
      [{ accountId: undefined }, "claim_missing"],
      [{ region: undefined }, "claim_missing"],
      [{ region: null }, "claim_type"],
    ];
    for (const [document, reason] of cases) {
      const parsed = attestor.parse({ type: "aws_iid", ...(await cloud.signed(document)) });
      if (!parsed.ok) throw new Error(parsed.error.reason);
      expect(await attestor.precheck(parsed.value, { now: NOW })).toMatchObject(refusal(reason));
      expect(await attestor.verify(parsed.value, { now: NOW })).toMatchObject(refusal(reason));
    }
  });

  it("refuses content that two readers could read differently", async () => {
    const attestor = await cloud.attestor();
    const good = documentText("xx-west-1", LAUNCH);
    const twice = good.replace("{", `{ "accountId" : "999999999999",`);
    const escaped = good.replace("{", String.raw`{ "account\u0049d" : "999999999999",`);
    for (const [text, reason] of [
      [twice, "json_duplicate_key"],
      [escaped, "json_malformed"],
    ] as const)
      expect(await judge(attestor, await cloud.signedText(text), NOW)).toMatchObject(
        refusal(reason),
      );
    for (const text of [`\uFEFF${good}`, `${good} x`, `[${good}]`, "", "null", good.slice(0, -1)])
      expect(await judge(attestor, await cloud.signedText(text), NOW)).toMatchObject({ ok: false });
  });

  it("refuses what is not one of the two forms", async () => {
    const attestor = await cloud.attestor(true);
    const { rsa2048, signature, document } = await cloud.west.launch(LAUNCH);
    const form = { document: base64(utf8Encode(document)), signature };
    const shapes = [
      {},
      { rsa2048, ...form },
      { rsa2048, signature },
      { document: form.document },
      { signature },
      { rsa2048: [rsa2048] },
      { rsa2048: null },
      { rsa2048, region: "xx-west-1" },
      { pkcs7: rsa2048 },
      { type: "aws_other", rsa2048 },
    ];
    for (const shape of shapes)
      expect(await judge(attestor, shape, NOW)).toMatchObject(refusal("body_schema"));
  });

  it("refuses texts that are too large or no base64", async () => {
    const attestor = await cloud.attestor(true);
    const { rsa2048, signature } = await cloud.west.launch(LAUNCH);
    const big = "A".repeat(16_388);
    expect(await judge(attestor, { rsa2048: big }, NOW)).toMatchObject(
      refusal("evidence_too_large"),
    );
    expect(await judge(attestor, { document: big, signature }, NOW)).toMatchObject(
      refusal("evidence_too_large"),
    );
    for (const text of [` ${rsa2048}`, rsa2048.replace("+", "-"), `${rsa2048}=`, `${rsa2048}\0`])
      expect(await judge(attestor, { rsa2048: text }, NOW)).toMatchObject({ ok: false });
    const document = base64(utf8Encode(documentText("xx-west-1", LAUNCH)));
    for (const form of [
      { document: `${document}\0`, signature },
      { document: "%", signature },
      { document, signature: "%" },
      { document: base64(utf8Encode("null")), signature },
    ])
      expect(await judge(attestor, form, NOW)).toMatchObject({ ok: false });
  });
});

const at = (path: string, init?: RequestInit) => new Request(`http://169.254.169.254${path}`, init);

describe("the simulated metadata service", () => {
  it("hands out what it signs only for a session token", async () => {
    const { fetch, rsa2048, document } = await cloud.west.launch(LAUNCH);
    const identity = "/latest/dynamic/instance-identity";
    expect((await fetch(at(`${identity}/rsa2048`))).status).toBe(401);
    expect((await fetch(at("/latest/api/token"))).status).toBe(405);
    expect((await fetch(at("/latest/api/token", { method: "PUT" }))).status).toBe(400);
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    const forwarded = { ...ttl, "x-forwarded-for": "10.0.0.1" };
    expect(
      (await fetch(at("/latest/api/token", { method: "PUT", headers: forwarded }))).status,
    ).toBe(403);
    const token = await (
      await fetch(at("/latest/api/token", { method: "PUT", headers: ttl }))
    ).text();
    const headers = { "x-aws-ec2-metadata-token": token };
    expect(await (await fetch(at(`${identity}/rsa2048`, { headers }))).text()).toBe(rsa2048);
    expect(await (await fetch(at(`${identity}/document`, { headers }))).text()).toBe(document);
    expect((await fetch(at("/latest/user-data", { headers }))).status).toBe(404);
    expect(await judge(await cloud.attestor(), { rsa2048 }, NOW)).toMatchObject({ ok: true });
  });
});
