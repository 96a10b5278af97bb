import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { proveCsr } from "../../../src/attestors/possession.ts";
import { equalBytes } from "../../../src/encoding/bytes.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";

const platform = nodePlatform();

const ALGORITHMS = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "P-384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "RSA, PKCS #1": {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
};

describe("requests that another library wrote", () => {
  it.each(Object.entries(ALGORITHMS))("proves a %s key and nothing else", async (_, algorithm) => {
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: "CN=admin, O=Payments",
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 2, true),
        new x509.SubjectAlternativeNameExtension([
          { type: "url", value: "spiffe://prod.example/admin" },
        ]),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
      attributes: [new x509.ChallengePasswordAttribute("secret")],
    });
    const proven = await proveCsr(request.toString("pem"), { platform, ours: new Set() });
    if (!proven.ok) throw new Error(proven.error.reason);
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
    expect(equalBytes(proven.value.key.spki, spki)).toBe(true);
  });
});
