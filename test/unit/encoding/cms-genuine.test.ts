import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { equalBytes, toHex, utf8Decode } from "../../../src/encoding/bytes.ts";
import { parseSignedData, verifySignedData } from "../../../src/encoding/cms.ts";
import { isContext, readDer } from "../../../src/encoding/der/reader.ts";
import { parseJsonObject } from "../../../src/encoding/json.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import type { PublicKey } from "../../../src/encoding/primitives.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

/** Documents that AWS and Microsoft signed, and copies that somebody tampered with. */
const files = import.meta.glob<string>(
  [
    "../../../../shared/vectors/aws-iid/*.json",
    "../../../../shared/vectors/azure-imds/*.b64",
    "../../../../shared/vectors/third-party/attestation-docs/aws-iid-*",
    "../../../../shared/trust-roots/aws-rsa2048/us-*.pem",
  ],
  { query: "?raw", import: "default", eager: true },
);
const absent = Object.keys(files).length === 0;
const platform = webCryptoPlatform();

function file(name: string): string {
  const path = Object.keys(files).find((candidate) => candidate.endsWith(`/${name}`));
  return path === undefined ? "" : (files[path] ?? "");
}

function base64(text: string): Uint8Array {
  const bytes = decodeBase64(text, { lineBreaks: true });
  if (!bytes.ok) throw new Error("not base64");
  return bytes.value;
}

function document(name: string): Uint8Array {
  if (name.endsWith(".b64")) return base64(file(name));
  const parsed = parseJsonObject(file(name));
  const text = parsed.ok ? parsed.value["rsa2048"] : undefined;
  if (typeof text !== "string") throw new Error(`no document: ${name}`);
  return base64(text);
}

async function keyOfCertificate(der: Uint8Array): Promise<PublicKey> {
  const read = readDer(der);
  const fields = read.ok ? (read.value.children[0]?.children ?? []) : [];
  const info = parseSpki(fields[isContext(fields[0], 0) ? 6 : 5]?.raw ?? new Uint8Array());
  if (!info.ok) throw new Error(info.error.detail);
  const key = await platform.importPublicKey(info.value);
  if (!key.ok) throw new Error(key.error.detail);
  return key.value;
}

async function regionKey(region: string): Promise<PublicKey> {
  const pem = decodePem(file(`${region}.pem`), "CERTIFICATE");
  if (!pem.ok || pem.value[0] === undefined) throw new Error(`no certificate: ${region}`);
  return keyOfCertificate(pem.value[0]);
}

/** The content that verified, or why none did. */
async function judge(bytes: Uint8Array, key: PublicKey): Promise<Uint8Array | string> {
  const data = parseSignedData(bytes, { ber: true });
  if (!data.ok) return data.error.reason;
  const verified = await verifySignedData(data.value, key, platform);
  return verified.ok ? data.value.content : verified.error.reason;
}

const AWS: readonly (readonly [string, string])[] = [
  ["teleport-1.json", "us-west-2"],
  ["teleport-2.json", "us-west-1"],
  ["cloudinit-1.json", "us-east-2"],
  ["aws-iid-rsa2048-uswest2.b64", "us-west-2"],
  ["aws-iid-rsa2048-uswest1.b64", "us-west-1"],
];

describe.skipIf(absent)("AWS instance identity documents", () => {
  it.each(AWS)("%s verifies with the key of %s", async (name, region) => {
    const content = await judge(document(name), await regionKey(region));
    const claims = parseJsonObject(content);
    expect(claims.ok && claims.value["region"]).toBe(region);
  });

  it.each(AWS)("%s is BER, with signed attributes, and without certificates", (name) => {
    const bytes = document(name);
    expect(parseSignedData(bytes)).toMatchObject({ error: { reason: "cms_malformed" } });
    const data = parseSignedData(bytes, { ber: true });
    expect(data).toMatchObject({ ok: true, value: { certificates: [] } });
    expect(data.ok && data.value.attributes?.signed[0]).toBe(0x31);
  });

  it.each(AWS)("%s verifies with the key of no other region", async (name, region) => {
    const others = ["us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-west-1"];
    for (const other of others.filter((candidate) => candidate !== region))
      expect(await judge(document(name), await regionKey(other))).toBe("signature_invalid");
  });

  it("refuses the document whose content was tampered with", async () => {
    const name = "netflix-vssm-3-BAD-signature-tampered.json";
    expect(await judge(document(name), await regionKey("us-east-1"))).toBe("signature_invalid");
  });

  it("refuses the DSA form", () => {
    const pem = /-----BEGIN PKCS7-----([^-]*)-----END/.exec(file("aws-iid-dsa-useast1.pem"))?.[1];
    const bytes = base64(pem ?? file("aws-iid-dsa-useast1.pem"));
    expect(parseSignedData(bytes, { ber: true })).toMatchObject({
      ok: false,
      error: { reason: "algorithm_not_allowed" },
    });
  });
});

describe.skipIf(absent)("every bit of a genuine document", () => {
  let key: PublicKey;
  const original = absent ? new Uint8Array() : document("teleport-1.json");
  beforeAll(async () => {
    key = await regionKey("us-west-2");
  });

  it("is refused when flipped, or changes nothing of what is believed", async () => {
    const expected = await judge(original, key);
    if (typeof expected === "string") throw new Error(expected);
    const mutant = Uint8Array.from(original);
    const believed: string[] = [];
    let unchanged = 0;
    for (let bit = 0; bit < original.length * 8; bit++) {
      const at = bit >> 3;
      mutant[at] = original[at]! ^ (1 << (bit & 7));
      const content = await judge(mutant, key);
      mutant[at] = original[at]!;
      if (typeof content === "string") continue;
      if (equalBytes(content, expected)) unchanged++;
      else believed.push(`${at}.${bit & 7}: ${utf8Decode(content) ?? toHex(content)}`);
    }
    expect(believed).toEqual([]);
    // The issuer's name and the serial number in the signer's part are not signed; they only name a certificate.
    expect(unchanged).toBeLessThan(original.length * 8 * 0.1);
  }, 60_000);

  it("is refused when anything follows, or the end is missing", async () => {
    const longer = new Uint8Array(original.length + 1);
    longer.set(original);
    expect(await judge(longer, key)).toBe("cms_malformed");
    for (let length = 0; length < original.length; length += 7)
      expect(await judge(original.subarray(0, length), key)).toBe("cms_malformed");
  });
});

const AZURE = Object.keys(files)
  .filter((path) => path.includes("azure-imds"))
  .map((path) => path.slice(path.lastIndexOf("/") + 1));

describe.skipIf(absent)("Azure attested documents", () => {
  it.each(AZURE.filter((name) => !name.includes("tampered") && !name.includes("msdocs")))(
    "%s verifies with the key of the certificate it carries",
    async (name) => {
      const bytes = document(name);
      const data = parseSignedData(bytes);
      if (!data.ok) throw new Error(data.error.reason);
      expect(data.value.attributes).toBeUndefined();
      const [certificate] = data.value.certificates;
      const content = await judge(bytes, await keyOfCertificate(certificate ?? new Uint8Array()));
      const claims = parseJsonObject(content);
      expect(claims.ok && typeof claims.value["vmId"]).toBe("string");
    },
  );

  it.each([
    ["taskcluster-BAD-signature-tampered.pkcs7.b64", "signature_invalid"],
    // Its key has 1024 bits.
    ["msdocs-1.pkcs7.b64", "algorithm_not_allowed"],
  ])("%s does not", async (name, reason) => {
    const data = parseSignedData(document(name));
    if (!data.ok) throw new Error(data.error.reason);
    const key = await keyOfCertificate(data.value.certificates[0] ?? new Uint8Array());
    expect(await judge(document(name), key)).toBe(reason);
  });
});
