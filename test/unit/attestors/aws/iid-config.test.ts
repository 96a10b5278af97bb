import { describe, expect, it } from "vitest";
import { concatBytes, utf8Encode } from "../../../../src/encoding/bytes.ts";
import { awsIid } from "../../../../src/attestors/aws/iid.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { documentText, type SimulatedRegion } from "../../../fakes/aws-metadata.ts";
import { base64, pem, signPkcs1 } from "../../../fakes/keys.ts";
import {
  ACCOUNT,
  judge,
  LAUNCH,
  makeCompiledIid,
  makeIid,
  NOW,
  refusal,
  simulatedCloud,
} from "./iid-support.ts";

const cloud = await simulatedCloud();

async function small(region: SimulatedRegion) {
  const bytes = utf8Encode(documentText(region.name, LAUNCH));
  return {
    document: base64(bytes),
    signature: base64(await signPkcs1(region.keys.rsa1024, bytes)),
  };
}

describe("aws_iid: the RSA-1024 form", () => {
  it("is refused unless the configuration allows it", async () => {
    const evidence = await small(cloud.west);
    expect(await judge(await cloud.attestor(), evidence, NOW)).toMatchObject(
      refusal("algorithm_not_allowed"),
    );
    expect(await judge(await cloud.attestor(true), evidence, NOW)).toMatchObject({ ok: true });
  });

  it("claims neither region nor zone, which one key for many regions does not prove", async () => {
    const result = await judge(await cloud.attestor(true), await small(cloud.west), NOW);
    if (!result.ok) throw new Error(result.error.reason);
    expect(Object.keys(result.value.claims).toSorted()).toEqual([
      "account",
      "architecture",
      "form",
      "image_id",
      "instance_arn",
      "instance_id",
      "instance_type",
      "partition",
      "pending_time",
      "private_ip",
    ]);
  });

  it("opens no second first use beside the other form", async () => {
    const attestor = await cloud.attestor(true);
    const { rsa2048 } = await cloud.west.launch(LAUNCH);
    const [a, b] = await Promise.all([
      judge(attestor, { rsa2048 }, NOW),
      judge(attestor, await small(cloud.west), NOW),
    ]);
    if (!a.ok || !b.ok) throw new Error("refused");
    expect(b.value.claimKey).toBe(a.value.claimKey);
    expect(b.value.generation).toBe(a.value.generation);
  });

  it("refuses a changed document, another key, an RSA-2048 signature, and bytes after the end", async () => {
    const attestor = await cloud.attestor(true);
    const good = await small(cloud.west);
    const bytes = utf8Encode(documentText("xx-west-1", LAUNCH));
    const large = base64(await signPkcs1(cloud.west.keys.rsa2048, bytes));
    const foreign = base64(await signPkcs1(cloud.east.keys.rsa1024, bytes));
    const changed = base64(concatBytes(bytes, utf8Encode("\n")));
    for (const evidence of [
      { ...good, signature: large },
      { ...good, signature: foreign },
      { ...good, document: changed },
      { ...good, signature: "" },
    ])
      expect(await judge(attestor, evidence, NOW)).toMatchObject(refusal("signature_invalid"));
  });

  it("refuses a region without such a key", async () => {
    const only = { "xx-west-1": { partition: "aws", rsa2048: cloud.west.rsa2048 } };
    const { attestor } = await makeIid({ accounts: [ACCOUNT], allow_rsa1024: true, regions: only });
    expect(await judge(attestor, await small(cloud.west), NOW)).toMatchObject(
      refusal("region_unknown"),
    );
  });
});

describe("aws_iid: configuration", () => {
  it.each([
    [true, ["region", "availability_zone"]],
    [false, []],
    [undefined, []],
  ])("tells policy what allow_rsa1024: %s leaves unproved", (allowed, unproved) => {
    const config = {
      accounts: [ACCOUNT],
      ...(allowed !== undefined && { allow_rsa1024: allowed }),
    };
    expect(awsIid.factors(config)).toMatchObject([{ unproved }]);
  });

  it("tells policy that a document binds to nothing, and what names its instance", () => {
    expect(awsIid.factors({ accounts: [ACCOUNT] })).toMatchObject([
      {
        pins: [{ claim: "account", values: [ACCOUNT] }],
        bindings: ["none"],
        joinable: ["instance_arn", "instance_id", "account"],
        instanceClaims: ["instance_arn", "instance_id"],
        settings: ["first_claim_within", "max_instance_age"],
      },
    ]);
  });

  it("does not let an added region take the place of a shipped one unless that is said", async () => {
    const entry = { partition: "aws", rsa2048: cloud.west.rsa2048 };
    const silent = await makeIid({ accounts: [ACCOUNT], regions: { "eu-west-1": entry } });
    expect(silent.issues).toMatchObject([{ path: ["regions", "eu-west-1"], severity: "error" }]);
    const said = await makeIid({
      accounts: [ACCOUNT],
      regions: { "eu-west-1": { ...entry, replace: true } },
    });
    expect(said.issues).toEqual([]);
    const evidence = await cloud.signed({ region: "eu-west-1", availabilityZone: "eu-west-1c" });
    expect(await judge(said.attestor, evidence, NOW)).toMatchObject({ ok: true });
    expect(await judge(silent.attestor, evidence, NOW)).toMatchObject(refusal("signature_invalid"));
  });

  it("reports keys that cannot be used, each in its place", async () => {
    const platform = webCryptoPlatform();
    const ec = pem("PUBLIC KEY", (await platform.generateKey("P-256")).publicKey.spki);
    const good = cloud.west.rsa2048;
    for (const rsa2048 of [
      cloud.west.rsa1024,
      ec,
      "nothing",
      `${good}${good}`,
      good.replace("PUBLIC", "PRIVATE"),
    ]) {
      const { issues, attestor } = await makeIid({
        accounts: [ACCOUNT],
        regions: { "xx-west-1": { partition: "aws", rsa2048 } },
      });
      expect(issues).toMatchObject([
        { path: ["regions", "xx-west-1", "rsa2048"], severity: "error" },
      ]);
      expect(await judge(attestor, await cloud.signed({}), NOW)).toMatchObject(
        refusal("region_unknown"),
      );
    }
    const swapped = { partition: "aws", rsa2048: good, rsa1024: good };
    const { issues } = await makeIid({ accounts: [ACCOUNT], regions: { "xx-west-1": swapped } });
    expect(issues).toMatchObject([{ path: ["regions", "xx-west-1", "rsa1024"] }]);
  });

  it("reports files that are not there, each in its place, and goes on", async () => {
    const regions = {
      "xx-west-1": { partition: "aws", rsa2048: "file:gone.pem", rsa1024: "file:gone.pem" },
      "xx-west-2": { partition: "aws", rsa2048: "nothing" },
    };
    const { issues } = await makeIid({ accounts: [ACCOUNT], regions });
    expect(issues).toMatchObject([
      { path: ["regions", "xx-west-1", "rsa2048"], message: "gone.pem does not exist" },
      { path: ["regions", "xx-west-1", "rsa1024"], message: "gone.pem does not exist" },
      { path: ["regions", "xx-west-2", "rsa2048"], severity: "error" },
    ]);
  });

  it("believes the same by way of a compiled configuration", async () => {
    const { name, rsa2048, rsa1024 } = cloud.west;
    const regions = { [name]: { partition: "aws", rsa2048, rsa1024 } };
    const large = await cloud.signed({});
    for (const allow_rsa1024 of [true, false]) {
      const setup = { accounts: [ACCOUNT], allow_rsa1024, regions };
      const [{ attestor }, compiled] = [await makeIid(setup), await makeCompiledIid(setup)];
      for (const evidence of [
        large,
        await small(cloud.west),
        await small(cloud.east),
        await cloud.signed({ accountId: "999999999999" }),
        await cloud.signed({ region: "eu-west-1", availabilityZone: "eu-west-1c" }),
        await cloud.signed({ region: "constructor" }),
      ])
        expect(await judge(compiled, evidence, NOW)).toEqual(await judge(attestor, evidence, NOW));
      expect(await judge(compiled, large, NOW)).toMatchObject({ ok: true });
    }
  });

  it("refuses accounts that are not 12 digits, and members it does not know", async () => {
    for (const setup of [
      { accounts: [] },
      { accounts: ["1"] },
      { accounts: [111122223333] },
      { accounts: ["*"] },
      { accounts: [ACCOUNT], account: ACCOUNT },
      { accounts: [ACCOUNT], allow_dsa: true },
      { accounts: [ACCOUNT], regions: { "XX-1": { partition: "aws", rsa2048: "x" } } },
      { accounts: [ACCOUNT], regions: { "xx-west-1": { rsa2048: "x" } } },
      { accounts: [ACCOUNT], regions: { "xx-west-1": { partition: "gcp", rsa2048: "x" } } },
    ])
      await expect(makeIid(setup)).rejects.toThrow(/accounts|regions|Unrecognized|Invalid/i);
  });
});
