import { describe, expect, it } from "vitest";
import { REGION_KEYS, RSA1024_MODULI } from "../../../../src/attestors/aws/region-keys.ts";
import { decodeBase64, encodeBase64url } from "../../../../src/encoding/base64.ts";
import { regionKeys } from "../../../../src/attestors/aws/regions.ts";
import { regionTable } from "../../../../src/attestors/aws/region-table.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { jwkOf } from "../../../../src/encoding/public-key.ts";

const regions = Object.entries(REGION_KEYS);

/** Empty for what is no base64. */
function bytes(text: string | undefined): Uint8Array {
  const decoded = decodeBase64(text ?? "");
  return decoded.ok ? decoded.value : new Uint8Array();
}

const unread = Promise.resolve(new Uint8Array());

async function shipped() {
  const platform = webCryptoPlatform();
  const deps = { platform, read: () => unread, report: () => undefined };
  return regionTable(await regionKeys({}, ["rsa2048", "rsa1024"], deps), platform);
}

describe("the keys of AWS regions", () => {
  it("are 39, in four partitions", () => {
    const counts: Record<string, number> = {};
    for (const [, { partition }] of regions) counts[partition] = (counts[partition] ?? 0) + 1;
    expect(counts).toEqual({
      aws: 34,
      "aws-us-gov": 2,
      "aws-cn": 2,
      "aws-eusc": 1,
    });
  });

  it("are each of its size, and of RSA-2048 no two alike", () => {
    expect(new Set(regions.map(([, { rsa2048 }]) => rsa2048)).size).toBe(39);
    expect(new Set(RSA1024_MODULI).size).toBe(RSA1024_MODULI.length);
    for (const [, { rsa2048, rsa1024 }] of regions) {
      expect(bytes(rsa2048)).toHaveLength(256);
      expect(bytes(RSA1024_MODULI[rsa1024])).toHaveLength(128);
    }
  });

  it("are told apart by region and form, and unknown ones are not there", async () => {
    const table = await shipped();
    const key = await table.key("eu-west-1", "rsa2048");
    if (!key.ok) throw new Error(key.error.reason);
    const n = encodeBase64url(bytes(REGION_KEYS["eu-west-1"]?.rsa2048));
    expect(jwkOf(key.value.info)).toEqual({ kty: "RSA", n, e: "AQAB" });
    expect(await table.key("eu-west-1", "rsa2048")).toEqual(key);
    expect(await table.key("eu-west-1", "rsa1024")).not.toEqual(key);
    for (const name of [
      "",
      "eu-west",
      "eu-west-11",
      "EU-WEST-1",
      "constructor",
      "__proto__",
      "toString",
    ]) {
      expect(table.partition(name, "rsa2048")).toBeUndefined();
      expect(await table.key(name, "rsa2048")).toMatchObject({
        error: { reason: "region_unknown" },
      });
    }
  });
});
