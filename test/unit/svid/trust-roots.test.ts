import { describe, expect, it } from "vitest";
import { decodePem } from "../../../src/encoding/pem.ts";
import { parseCertificate, type Certificate } from "../../../src/svid/certificate.ts";
import { validatePath } from "../../../src/svid/path.ts";
import { platform } from "./forge.ts";

/** Certificates that clouds use, as they are in the world: what a reader that is too strict would fail on. */
const FILES = import.meta.glob<string>("../../../../shared/trust-roots/**/*.pem", {
  query: "?raw",
  import: "default",
  eager: true,
});

const files = Object.entries(FILES).map(([path, text]) => {
  const name = path.slice(path.indexOf("trust-roots/") + "trust-roots/".length);
  const der = decodePem(text, "CERTIFICATE");
  return { name, ders: der.ok ? der.value : [] };
});
const readAll = (folder: string): readonly Certificate[] =>
  files
    .filter(({ name }) => name.startsWith(folder))
    .flatMap(({ ders }) => ders)
    .map((der) => parseCertificate(der))
    .flatMap((parsed) => (parsed.ok ? [parsed.value] : []));

describe.skipIf(files.length === 0)("the clouds' certificates (../shared)", () => {
  it("are all read but those of DSA keys", () => {
    const unread: string[] = [];
    let count = 0;
    for (const { name, ders } of files) {
      if (ders.length === 0) unread.push(`${name}: no certificate`);
      for (const der of ders) {
        const parsed = parseCertificate(der);
        if (parsed.ok) count++;
        else if (!name.startsWith("aws-dsa/") || parsed.error.reason !== "key_unsupported")
          unread.push(`${name}: ${parsed.error.detail}`);
      }
    }
    expect(unread).toEqual([]);
    console.info(`${count} certificates of AWS and Azure read`);
  });

  it("of Azure lead from each intermediate to a root, whoever cross-signed it", async () => {
    const roots = readAll("azure/roots/");
    const intermediates = readAll("azure/intermediates/");
    expect(intermediates.length).toBeGreaterThan(10);
    const lost: string[] = [];
    for (const ca of intermediates) {
      const now = (ca.notBefore + ca.notAfter) / 2;
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure names its certificate
      const path = await validatePath(ca, intermediates, roots, { now, leaf: "any" }, platform);
      if (!path.ok) lost.push(`${ca.subject.key}: ${path.error.detail}`);
    }
    expect(lost).toEqual([]);
  });
});
