import { describe, expect, it } from "vitest";
import { proveCsr } from "../../../src/attestors/possession.ts";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { derBitString, derInteger, readDer } from "../../../src/encoding/der/reader.ts";
import { bits, nul, oid, seq } from "../../../src/encoding/der/writer.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { csrPem } from "../../fakes/csr.ts";
import { pem } from "../../fakes/keys.ts";
import { newKey } from "../../fakes/private-key.ts";

const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/badkeys/*.{key,csr,pem}",
  { query: "?raw", import: "default", eager: true },
);

/** Refused only because nobody signed: there is nothing wrong with it. */
const SOUND = ["rsa-ok.key"];

const platform = webCryptoPlatform();
const signer = await newKey(platform, "RSA-2048");

/** Each block of a file by its label, whatever stands between. */
function blocksOf(text: string): [label: string, der: Uint8Array][] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n([^-]+)-----END/g);
  return Array.from(blocks, ([, label = "", body = ""]) => {
    const der = decodeBase64(body, { lineBreaks: true });
    return [label, der.ok ? der.value : new Uint8Array()];
  });
}

/** A request for the key, with a signature that is wrong but as long as it should be. */
function requestFor(label: string, der: Uint8Array): Promise<string> {
  const pkcs1 = label === "RSA PUBLIC KEY";
  const spki = pkcs1 ? seq(seq(oid("1.2.840.113549.1.1.1"), nul()), bits(der)) : der;
  const outer = readDer(spki);
  const inner = derBitString(outer.ok ? outer.value.children[1] : undefined)?.bytes;
  const rsa = readDer(inner ?? new Uint8Array());
  const modulus = rsa.ok ? derInteger(rsa.value.children[0]) : undefined;
  return csrPem(platform, signer, { spki, signature: new Uint8Array(modulus?.length ?? 256) });
}

describe.skipIf(Object.keys(files).length === 0)(
  "weak and defective keys (../shared/vectors/third-party/badkeys)",
  () => {
    it("proves none of them, and says of each but the sound one that it is weak, unsupported or malformed", async () => {
      const judged = new Map<string, string>();
      for (const [path, text] of Object.entries(files))
        for (const [label, der] of blocksOf(text)) {
          if (label.includes("PRIVATE KEY")) continue;
          const request =
            label === "CERTIFICATE REQUEST" ? pem(label, der) : await requestFor(label, der);
          const proven = await proveCsr(request, { platform, ours: new Set() });
          judged.set(
            path.slice(path.lastIndexOf("/") + 1),
            proven.ok ? "proven" : proven.error.reason,
          );
        }
      expect(judged.size).toBeGreaterThan(20);
      const reasons = new Set(judged.values());
      expect([...reasons].toSorted()).toEqual([
        "csr_malformed",
        "csr_signature_invalid",
        "key_unsupported",
        "key_weak",
      ]);
      const missed = [...judged].filter(([, reason]) => reason === "csr_signature_invalid");
      expect(missed.map(([name]) => name).toSorted()).toEqual(SOUND);
    });
  },
);
