import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { concatBytes, toHex } from "../../../src/encoding/bytes.ts";
import { parseSignedData, verifySignedData } from "../../../src/encoding/cms.ts";
import { readDer, type DerNode } from "../../../src/encoding/der/reader.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

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

/** All elements of the document, each with the way to write the whole with it replaced. */
function elementsOf(node: DerNode): readonly DerNode[] {
  return [node, ...node.children.flatMap(elementsOf)];
}

/** Writes the tree again, each element through `change`, lengths definite. */
function rewrite(
  node: DerNode,
  change: (node: DerNode, bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const content = node.constructed
    ? concatBytes(...node.children.map((child) => rewrite(child, change)))
    : node.content;
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
  const header = content.length < 128 ? [content.length] : [0x80 | length.length, ...length];
  return change(node, concatBytes(Uint8Array.of(node.raw[0]!, ...header), content));
}

const tree = document === undefined ? undefined : treeOf(original);
const elements = tree === undefined ? [] : elementsOf(tree);
const anyElement = fc.nat(Math.max(elements.length - 1, 0));

/** An element taken away, doubled, replaced by another, or given another tag: lengths stay right. */
const structural = fc
  .tuple(anyElement, anyElement, fc.nat(255), fc.nat(3))
  .map(([target, source, octet, kind]) =>
    rewrite(tree!, (node, bytes) => {
      if (node !== elements[target]) return bytes;
      if (kind === 0) return new Uint8Array();
      if (kind === 1) return concatBytes(bytes, bytes);
      if (kind === 2) return elements[source]!.raw;
      return concatBytes(Uint8Array.of(octet), bytes.subarray(1));
    }),
  );

/** Octets replaced, taken away or put in, wherever. */
const octetwise = fc
  .tuple(fc.nat(), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
  .map(([at, removed, inserted]) => {
    const start = at % original.length;
    return concatBytes(original.subarray(0, start), inserted, original.subarray(start + removed));
  });

describe.skipIf(document === undefined || certificate === undefined)("a genuine document", () => {
  it("verifies, and does so written as DER", async () => {
    const content = await verifiedContent(original);
    expect(content?.length).toBe(475);
    expect(await verifiedContent(rewrite(tree!, (_, bytes) => bytes))).toEqual(content);
  });

  it("changed in any way gives its own content or none", async () => {
    const expected = toHex((await verifiedContent(original)) ?? new Uint8Array());
    await fc.assert(
      fc.asyncProperty(fc.oneof(structural, octetwise), async (mutant) => {
        const content = await verifiedContent(mutant);
        expect(content === undefined ? expected : toHex(content)).toBe(expected);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
