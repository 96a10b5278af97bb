import { existsSync, readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";

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

function serialOf(der: Uint8Array): string | undefined {
  try {
    return new X509Certificate(der).serialNumber.toLowerCase();
  } catch {
    return undefined;
  }
}
