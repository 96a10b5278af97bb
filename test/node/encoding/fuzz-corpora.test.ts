import { describe, expect, it } from "vitest";
import { parseBundle } from "../../../src/encoding/bundle.ts";
import { concatBytes, equalBytes, utf8Decode } from "../../../src/encoding/bytes.ts";
import { parseSignedData } from "../../../src/encoding/cms.ts";
import { parseCsr } from "../../../src/encoding/csr.ts";
import { readDer, type DerNode } from "../../../src/encoding/der/reader.ts";
import { ecdsaDerToRaw } from "../../../src/encoding/ecdsa.ts";
import { parseJson } from "../../../src/encoding/json.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { vectorArchive } from "../support/tar.ts";

/** What other projects' fuzzers found: OpenSSL's and BoringSSL's inputs to parsers of the same formats. */
const openssl = vectorArchive("openssl-fuzz-corpora.tar.gz");
const boringssl = vectorArchive("boringssl-fuzz-corpora.tar.gz");
const inputs = [...(openssl ?? []), ...(boringssl ?? [])];

const MAX_MS = 250;

const parsers: Readonly<Record<string, (input: Uint8Array) => { readonly ok: boolean }>> = {
  "readDer, DER": (input) => readDer(input),
  "readDer, BER": (input) => readDer(input, { ber: true }),
  parseSpki,
  parseCsr,
  "parseSignedData, DER": (input) => parseSignedData(input),
  "parseSignedData, BER": (input) => parseSignedData(input, { ber: true }),
  "decodePem, CERTIFICATE": (input) => decodePem(textOf(input), "CERTIFICATE"),
  "decodePem, PUBLIC KEY": (input) => decodePem(textOf(input), "PUBLIC KEY"),
  ecdsaDerToRaw: (input) => ecdsaDerToRaw(input, "P-256"),
  parseJson: (input) => parseJson(input),
  parseBundle,
};

function textOf(input: Uint8Array): string {
  return utf8Decode(input) ?? Array.from(input, (byte) => String.fromCharCode(byte)).join("");
}

function rewrite(node: DerNode): Uint8Array {
  const header = node.raw.subarray(0, node.raw.length - node.content.length);
  return concatBytes(
    header,
    node.constructed ? concatBytes(...node.children.map(rewrite)) : node.content,
  );
}

describe.skipIf(inputs.length === 0)("fuzzers' corpora", () => {
  it("are all there", () => {
    expect(openssl).toHaveLength(3510);
    expect(boringssl).toHaveLength(250);
  });

  it.each(Object.entries(parsers))(
    "%s answers each in bounded time and never throws",
    (_, parse) => {
      let slowest = 0;
      let accepted = 0;
      for (const { bytes } of inputs) {
        if (parse(bytes).ok) accepted++;
        // The best of three: what is slow of itself is slow each time, a busy machine is not.
        let best = Infinity;
        for (let round = 0; round < 3 && best > MAX_MS; round++) {
          const started = performance.now();
          parse(bytes);
          best = Math.min(best, performance.now() - started);
        }
        slowest = Math.max(slowest, best);
      }
      expect(slowest).toBeLessThan(MAX_MS);
      expect(accepted).toBeLessThan(inputs.length);
    },
  );

  it("read as DER are the same as BER, and nothing between the elements is lost", () => {
    const trees = inputs.filter(({ bytes }) => readDer(bytes).ok);
    const wrong = trees.filter(({ bytes }) => {
      const [der, ber] = [readDer(bytes), readDer(bytes, { ber: true })];
      return !der.ok || !ber.ok || !equalBytes(rewrite(der.value), bytes);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect(trees.length).toBeGreaterThan(100);
  });

  it("hold no signed data that we would take, nor a request", () => {
    const taken = inputs.filter(
      ({ bytes }) => parseSignedData(bytes, { ber: true }).ok || parseCsr(bytes).ok,
    );
    expect(taken.map(({ name }) => name)).toEqual([]);
  });
});
