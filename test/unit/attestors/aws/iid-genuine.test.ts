import { describe, expect, it } from "vitest";
import { REGION_KEYS } from "../../../../src/attestors/aws/region-keys.ts";
import { accepted } from "../../../conformance/attestor.ts";
import {
  absent,
  bytesOf,
  certificates,
  contentOf,
  GENUINE,
  GENUINE_SMALL,
  readDocument,
  smallForm,
  subject,
  thirdParty,
  vector,
} from "./genuine-support.ts";
import { judge, makeIid, refusal } from "./iid-support.ts";

describe.skipIf(absent)("genuine EC2 instance identity documents (../shared/vectors)", () => {
  it.each(GENUINE)("%s: the rsa2048 form verifies", async (name) => {
    const rsa2048 = vector(name, "rsa2048");
    const { now, account, region, instanceId, attestor } = await subject(
      contentOf(bytesOf(rsa2048)),
    );
    const attestation = accepted(await judge(attestor, { rsa2048 }, now));
    expect(attestation).toMatchObject({
      type: "aws_iid",
      name: "aws_iid",
      claims: {
        account,
        region,
        partition: "aws",
        instance_id: instanceId,
        instance_arn: `arn:aws:ec2:${region}:${account}:instance/${instanceId}`,
        form: "rsa2048",
        pending_time: now - 60,
      },
      binding: { kind: "none" },
      generation: now - 60,
      startedAt: now - 60,
    });
    expect(attestation.notAfter).toBeUndefined();
    expect(attestation.claimKey).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(GENUINE_SMALL)("%s: the RSA-1024 form verifies only when it is allowed", async (name) => {
    const form = smallForm(name);
    const { now, account, attestor } = await subject(bytesOf(form.document), true);
    const { claims, generation } = accepted(await judge(attestor, form, now));
    expect(claims).toMatchObject({ account, partition: "aws", form: "rsa1024" });
    expect(claims).not.toHaveProperty("region");
    expect(claims).not.toHaveProperty("availability_zone");
    expect(generation).toBe(now - 60);
    const strict = await subject(bytesOf(form.document));
    expect(await judge(strict.attestor, form, now)).toMatchObject(refusal("algorithm_not_allowed"));
  });

  it("gives one instance one claim key and generation in both forms", async () => {
    const rsa2048 = vector("cloudinit-1", "rsa2048");
    const { now, attestor } = await subject(contentOf(bytesOf(rsa2048)), true);
    const large = accepted(await judge(attestor, { rsa2048 }, now));
    const small = accepted(await judge(attestor, smallForm("cloudinit-1"), now));
    expect(small.claimKey).toBe(large.claimKey);
    expect(small.generation).toBe(large.generation);
    expect(small.claims["instance_arn"]).toBe(large.claims["instance_arn"]);
  });

  it("judges the third-party copies alike", async () => {
    const copies = thirdParty("rsa2048");
    expect(copies).toHaveLength(2);
    for (const rsa2048 of copies) {
      const { now, attestor } = await subject(contentOf(bytesOf(rsa2048)));
      expect(await judge(attestor, { rsa2048 }, now)).toMatchObject({ ok: true });
    }
  });

  it("refuses documents signed with DSA, whatever member they come in", async () => {
    const names = ["fullsailor-1", "chalk-1", "cloudinit-1"];
    const texts = [...names.map((name) => vector(name, "pkcs7")), ...thirdParty("dsa")];
    expect(texts).toHaveLength(4);
    for (const text of texts) {
      const { now, attestor } = await subject(contentOf(bytesOf(text)), true);
      const result = await judge(attestor, { rsa2048: text.trim() }, now);
      expect(result).toMatchObject(refusal("algorithm_not_allowed"));
      expect(await judge(attestor, { pkcs7: text }, now)).toMatchObject(refusal("body_schema"));
    }
  });

  it("refuses what was tampered with", async () => {
    const rsa2048 = vector("netflix-vssm-3-BAD-signature-tampered", "rsa2048");
    const { now, attestor } = await subject(contentOf(bytesOf(rsa2048)));
    expect(await judge(attestor, { rsa2048 }, now)).toMatchObject(refusal("signature_invalid"));
    for (const name of ["taskcluster-3-BAD-signature", "taskcluster-4-BAD-wrong-key-4096"]) {
      const form = smallForm(name);
      const bad = await subject(bytesOf(form.document), true);
      expect(await judge(bad.attestor, form, bad.now)).toMatchObject(refusal("signature_invalid"));
    }
  });

  it("accepts each document with its own region's certificate and none of the other 38", async () => {
    const published = certificates("aws-rsa2048");
    const names = published.map(({ region }) => region).toSorted();
    expect(names).toEqual(Object.keys(REGION_KEYS).toSorted());
    expect(names).toHaveLength(39);
    for (const name of GENUINE) {
      const rsa2048 = vector(name, "rsa2048");
      const { now, account, region } = readDocument(contentOf(bytesOf(rsa2048)));
      const judged: Record<string, string> = {};
      for (const other of published) {
        const regions = { [region]: { partition: "aws", rsa2048: other.pem, replace: true } };
        const { attestor, issues } = await makeIid({ accounts: [account], regions });
        expect(issues).toEqual([]);
        const result = await judge(attestor, { rsa2048 }, now);
        judged[other.region] = result.ok ? "accepted" : result.error.reason;
      }
      const expected = Object.fromEntries(names.map((each) => [each, "signature_invalid"]));
      expect(judged).toEqual({ ...expected, [region]: "accepted" });
    }
  });

  it("knows for each RSA-1024 certificate, superseded ones included, whose documents it signs", async () => {
    const form = smallForm("coder-1");
    const { now, account, region } = readDocument(bytesOf(form.document));
    const large = certificates("aws-rsa2048").find((each) => each.region === region)?.pem;
    const accepting = new Set<string>();
    for (const { region: other, pem } of certificates("aws-rsa1024", "aws-rsa1024-prev")) {
      const entry = { partition: "aws", rsa2048: large, rsa1024: pem, replace: true };
      const setup = { accounts: [account], allow_rsa1024: true, regions: { [region]: entry } };
      const { attestor, issues } = await makeIid(setup);
      expect(issues).toEqual([]);
      if ((await judge(attestor, form, now)).ok) accepting.add(other);
    }
    const index = REGION_KEYS[region]?.rsa1024;
    const sharing = Object.keys(REGION_KEYS).filter((each) => REGION_KEYS[each]?.rsa1024 === index);
    expect([...accepting].toSorted()).toEqual(sharing.toSorted());
  });
});
