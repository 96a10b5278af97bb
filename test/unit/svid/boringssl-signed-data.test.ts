import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { derBitString, readDer } from "../../../src/encoding/der/reader.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { parseSignatureAlgorithm } from "../../../src/encoding/signature-algorithm.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { isSignedBy, type Certificate } from "../../../src/svid/certificate.ts";
import { expectVerdicts } from "../../conformance/tally.ts";

const FILES = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/boringssl-verify_signed_data_unittest/*.pem",
  { query: "?raw", import: "default", eager: true },
);

/** Signatures that are good; of every other file they are not, or are not to be believed. */
const GOOD = new Set([
  "ecdsa-prime256v1-sha512.pem",
  "ecdsa-secp384r1-sha256.pem",
  "rsa-pkcs1-sha256.pem",
  "rsa-pkcs1-sha1.pem",
  "rsa-pss-sha256.pem",
  "rsa2048-pkcs1-sha512.pem",
  "mldsa-44.pem",
  "mldsa-65.pem",
  "mldsa-87.pem",
]);
/** Good signatures that are refused, by name with the reason. */
const WAIVED: ReadonlyMap<string, string> = new Map([
  ["rsa-pkcs1-sha1.pem", "SHA-1"],
  ["mldsa-44.pem", "no runtime of ours has ML-DSA"],
  ["mldsa-65.pem", "no runtime of ours has ML-DSA"],
  ["mldsa-87.pem", "no runtime of ours has ML-DSA"],
]);

const platform = webCryptoPlatform();

function block(text: string, label: string): Uint8Array {
  const found = new RegExp(`^-----BEGIN ${label}-----([^-]*)-----END`, "m").exec(text)?.[1] ?? "";
  const der = decodeBase64(found.replaceAll(/\s/g, ""));
  return der.ok ? der.value : new Uint8Array();
}

/** Through the functions that a certificate's signature goes through. */
async function verifies(text: string): Promise<boolean> {
  const info = parseSpki(block(text, "PUBLIC KEY"));
  const algorithm = readDer(block(text, "ALGORITHM"));
  const signatureNode = readDer(block(text, "SIGNATURE"));
  if (!info.ok || !algorithm.ok || !signatureNode.ok) return false;
  const scheme = parseSignatureAlgorithm(algorithm.value);
  const signature = derBitString(signatureNode.value);
  if (!scheme.ok || signature?.unused !== 0) return false;
  const key = await platform.importPublicKey(info.value);
  if (!key.ok) return false;
  const certificate = {
    tbs: block(text, "DATA"),
    scheme: scheme.value,
    signature: signature.bytes,
  } satisfies Partial<Certificate>;
  return isSignedBy(certificate, key.value, platform);
}

const files = Object.entries(FILES).map(([path, text]) => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  text,
}));

describe.skipIf(files.length === 0)("BoringSSL's signatures (../shared)", () => {
  it("are judged as BoringSSL does", async () => {
    const verdicts = await Promise.all(
      files.map(async ({ name, text }) => ({
        id: name,
        good: GOOD.has(name),
        accepted: await verifies(text),
      })),
    );
    expect(verdicts.filter(({ good }) => good)).toHaveLength(GOOD.size);
    expectVerdicts("BoringSSL's signatures", verdicts, WAIVED);
  });
});
