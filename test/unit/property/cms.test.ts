import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { toHex } from "../../../src/encoding/bytes.ts";
import { parseSignedData, verifySignedData } from "../../../src/encoding/cms.ts";
import { readDer, type DerNode } from "../../../src/encoding/der/reader.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { nearly, rewrite } from "./mutants.ts";

const [document] = Object.values(
  import.meta.glob<string>(
    "../../../../shared/vectors/third-party/attestation-docs/aws-iid-rsa2048-uswest2.b64",
    { query: "?raw", import: "default", eager: true },
  ),
);
const [certificate] = Object.values(
  import.meta.glob<string>("../../../../shared/trust-roots/aws-rsa2048/us-west-2.pem", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);
const platform = webCryptoPlatform();
const decoded = decodeBase64(document ?? "", { lineBreaks: true });
const original = decoded.ok ? decoded.value : new Uint8Array();

function treeOf(bytes: Uint8Array): DerNode {
  const read = readDer(bytes, { ber: true });
  if (!read.ok) throw new Error(read.error.detail);
  return read.value;
}

async function verifiedContent(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const pem = decodePem(certificate ?? "", "CERTIFICATE");
  const spki = pem.ok ? treeOf(pem.value[0]!).children[0]?.children[6]?.raw : undefined;
  const info = parseSpki(spki ?? new Uint8Array());
  const key = info.ok ? await platform.importPublicKey(info.value) : info;
  if (!key.ok) throw new Error(key.error.detail);
  const data = parseSignedData(bytes, { ber: true });
  if (!data.ok) return undefined;
  const verified = await verifySignedData(data.value, key.value, platform);
  return verified.ok ? data.value.content : undefined;
}

describe.skipIf(document === undefined || certificate === undefined)("a genuine document", () => {
  it("verifies, and does so written as DER", async () => {
    const content = await verifiedContent(original);
    expect(content?.length).toBe(475);
    expect(await verifiedContent(rewrite(treeOf(original), (_, bytes) => bytes))).toEqual(content);
  });

  it("changed in any way gives its own content or none", async () => {
    const expected = toHex((await verifiedContent(original)) ?? new Uint8Array());
    await fc.assert(
      fc.asyncProperty(nearly(original), async (mutant) => {
        const content = await verifiedContent(mutant);
        expect(content === undefined ? expected : toHex(content)).toBe(expected);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
