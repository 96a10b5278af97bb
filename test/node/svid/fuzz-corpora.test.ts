import { existsSync, readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { nearly } from "../../unit/property/mutants.ts";
import { platform } from "../../unit/svid/forge.ts";
import { mint, minter, profileFor } from "../../unit/svid/mint.ts";

const FOLDER = new URL("../../../../shared/vectors/third-party/", import.meta.url);
const ARCHIVES = ["openssl-fuzz-corpora.tar.gz", "boringssl-fuzz-corpora.tar.gz"].filter((name) =>
  existsSync(new URL(name, FOLDER)),
);
const MAX_MS = 100;

/** The plain files of a tar archive (POSIX ustar): 512 octets of header, content, padding. */
function* untar(archive: Uint8Array): Generator<{ name: string; content: Uint8Array }> {
  const text = (from: number, length: number): string =>
    Buffer.from(archive.subarray(from, from + length))
      .toString("latin1")
      .replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= archive.length;) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    const type = text(at + 156, 1);
    const from = at + 512;
    if (type === "0" || type === "")
      yield { name: text(at, 100), content: archive.slice(from, from + size) };
    at = from + Math.ceil(size / 512) * 512;
  }
}

describe.skipIf(ARCHIVES.length === 0)("what fuzzers found (../shared)", () => {
  it.each(ARCHIVES)("is read or refused without a throw and at once: %s", (name) => {
    const archive = new Uint8Array(gunzipSync(readFileSync(new URL(name, FOLDER))));
    let files = 0;
    let read = 0;
    const slow: string[] = [];
    const disagreed: string[] = [];
    for (const { name: file, content } of untar(archive)) {
      if (content.length === 0) continue;
      files++;
      const parsed = parseCertificate(content);
      // The best of three: what is slow of itself is slow each time, a busy machine is not.
      let ms = Infinity;
      for (let round = 0; round < 3 && ms > MAX_MS; round++) {
        const from = performance.now();
        parseCertificate(content);
        ms = Math.min(ms, performance.now() - from);
      }
      if (ms > MAX_MS) slow.push(`${file}: ${Math.round(ms)} ms`);
      if (!parsed.ok) continue;
      read++;
      // What we take for a certificate is one, with the same serial, for OpenSSL too.
      if (serialOf(content) !== toHex(parsed.value.serial)) disagreed.push(file);
    }
    expect(slow).toEqual([]);
    expect(disagreed).toEqual([]);
    expect(files).toBeGreaterThan(100);
    console.info(`${name}: ${read} of ${files} inputs read as certificates, 0 thrown`);
  });
});

/** Of what fuzzers found hardly any is a certificate to us (8, of OpenSSL's none), so that nearly nothing is compared. */
describe("what is nearly a certificate", () => {
  it("is read as OpenSSL reads it, where both do", async () => {
    const ca = await minter("P-256");
    const key = await platform.generateKey("P-256");
    const leaf = await mint(await profileFor(key.publicKey.spki), ca);
    const ours = (der: Uint8Array) => {
      const parsed = parseCertificate(der);
      if (!parsed.ok) return undefined;
      const { serial, notBefore, notAfter, extensions } = parsed.value;
      const { basicConstraints, subjectAltName } = extensions;
      const named = subjectAltName !== undefined;
      return {
        serial: toHex(serial),
        notBefore,
        notAfter,
        named,
        ca: basicConstraints?.ca === true,
      };
    };
    let compared = 0;
    fc.assert(
      fc.property(fc.oneof(nearly(leaf), nearly(ca.certificate.raw)), (der) => {
        const read = ours(der);
        // Nor do we look into what OpenSSL may refuse for: the type of a name's parts, which we compare as they stand.
        const other = read && theirs(der);
        if (other === undefined) return;
        compared++;
        expect(other).toEqual(read);
      }),
      { numRuns: 3000 },
    );
    expect(compared).toBeGreaterThan(200);
  });
});

function theirs(der: Uint8Array): object | undefined {
  if (serialOf(der) === undefined) return undefined;
  const read = new X509Certificate(der);
  const [notBefore, notAfter] = [read.validFrom, read.validTo].map(
    (text) => Date.parse(text) / 1000,
  );
  const named = read.subjectAltName !== undefined;
  return { serial: read.serialNumber.toLowerCase(), notBefore, notAfter, named, ca: read.ca };
}

function serialOf(der: Uint8Array): string | undefined {
  try {
    return new X509Certificate(der).serialNumber.toLowerCase();
  } catch {
    return undefined;
  }
}
