import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { derBitString, readDer } from "../../../src/encoding/der/reader.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import {
  parseSignatureAlgorithm,
  rawSignature,
  schemeFits,
} from "../../../src/encoding/signature-algorithm.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

/** BoringSSL's cases of one signature each: key, algorithm, data and signature in DER, with one thing wrong. */
const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/boringssl-verify_signed_data_unittest/*.pem",
  { query: "?raw", import: "default", eager: true },
);

/**
 * Of the others BoringSSL takes four that we do not: SHA-1, and three post-quantum signatures (`mldsa-*.pem`) that no
 * runtime of ours has.
 */
const SOUND = new Set([
  "ecdsa-prime256v1-sha512.pem",
  "ecdsa-secp384r1-sha256.pem",
  "rsa-pkcs1-sha256.pem",
  "rsa-pss-sha256.pem",
  "rsa2048-pkcs1-sha512.pem",
]);

const platform = webCryptoPlatform();

function block(text: string, label: string): Uint8Array {
  const body = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END`).exec(text)?.[1];
  const bytes = decodeBase64(body ?? "", { lineBreaks: true });
  if (!bytes.ok) throw new Error(`no ${label}`);
  return bytes.value;
}

async function verify(text: string): Promise<boolean> {
  const info = parseSpki(block(text, "PUBLIC KEY"));
  const algorithm = readDer(block(text, "ALGORITHM"));
  const bits = readDer(block(text, "SIGNATURE"));
  if (!info.ok || !algorithm.ok || !bits.ok) return false;
  const scheme = parseSignatureAlgorithm(algorithm.value);
  const signature = derBitString(bits.value);
  if (!scheme.ok || signature?.unused !== 0 || !schemeFits(scheme.value, info.value)) return false;
  const raw = rawSignature(signature.bytes, info.value);
  const key = await platform.importPublicKey(info.value);
  if (!raw.ok || !key.ok) return false;
  return platform.verify(scheme.value, key.value, raw.value, block(text, "DATA"));
}

describe.skipIf(Object.keys(files).length === 0)("BoringSSL verify_signed_data", () => {
  it("has all 32 cases", () => {
    expect(Object.keys(files)).toHaveLength(32);
  });

  it.each(Object.entries(files).map(([path, text]) => [path.split("/").at(-1) ?? "", text]))(
    "%s",
    async (name, text) => {
      expect(await verify(text)).toBe(SOUND.has(name));
    },
  );
});
