import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64url } from "../../../src/encoding/base64.ts";
import { parseBundle } from "../../../src/encoding/bundle.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseSignedData } from "../../../src/encoding/cms.ts";
import { parseCsr } from "../../../src/encoding/csr.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import { ecdsaDerToRaw, ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import { isIssuerUrl } from "../../../src/encoding/issuer-url.ts";
import { parseJson } from "../../../src/encoding/json.ts";
import { parseCompactJws, parseJws } from "../../../src/encoding/jws.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { jwkOf, parseJwk, parseSpki } from "../../../src/encoding/public-key.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { Result } from "../../../src/result.ts";
import { parseSpiffeId } from "../../../src/spiffe/spiffe-id.ts";
import { rsaKeyPair } from "../../fakes/keys.ts";
import { signAsEc2 } from "../../fakes/cms-signer.ts";
import { commonName, csrDer, extension, extensionRequest } from "../../fakes/csr.ts";
import { newKey } from "../../fakes/private-key.ts";
import { nearly, nearlyText } from "./mutants.ts";

/** Decoders on what is good but for a little: of anything whatever they see nothing but that its first length is wrong. */

const platform = webCryptoPlatform();
const [ec, rsa] = [await newKey(platform, "P-256"), await newKey(platform, "RSA-2048")];
const csr = await csrDer(platform, ec, {
  subject: commonName("workload"),
  attributes: [extensionRequest(extension("2.5.29.15", true, Uint8Array.of(3, 2, 7, 128)))],
});
const [{ privateKey }, content] = [await rsaKeyPair(), utf8Encode('{ "region" : "nowhere-1" }')];
const signature = ecdsaRawToDer(new Uint8Array(64).fill(0x81));

const DER: readonly (readonly [string, Uint8Array, (input: Uint8Array) => Result<unknown>])[] = [
  [
    "signed data",
    await signAsEc2(privateKey, content, 1),
    (der) => parseSignedData(der, { ber: true }),
  ],
  ["a certificate request", csr, parseCsr],
  ["a key on P-256", ec.publicKey.spki, parseSpki],
  ["an RSA key", rsa.publicKey.spki, parseSpki],
  ["an ECDSA signature", signature, (der) => ecdsaDerToRaw(der, "P-256")],
];

const token = ['{"alg":"ES256","kid":"k"}', '{"sub":"workload"}', "signature"]
  .map((part) => encodeBase64url(utf8Encode(part)))
  .join(".");
const jwk = { ...jwkOf(ec.publicKey.info), use: "jwt-svid", kid: "k" };
const bundle = JSON.stringify({ keys: [jwk], spiffe_sequence: 1, spiffe_refresh_hint: 300 });
const general = JSON.stringify({
  payload: "e30",
  signatures: [{ protected: "e30", signature: "e30" }],
});

const TEXT: readonly (readonly [string, string, (input: string) => boolean])[] = [
  ["base64", "c3ZpZG1pbnQ=", (text) => decodeBase64(text).ok],
  ["PEM", encodePem("X", csr), (text) => decodePem(text, "X").ok],
  ["a token", token, (text) => parseCompactJws(text).ok],
  ["a token of any form", token, (text) => parseJws(text).ok],
  ["JSON", general, (text) => parseJson(text).ok],
  ["a bundle", bundle, (text) => parseBundle(text).ok],
  ["a SPIFFE ID", "spiffe://prod.example/a/b", (text) => parseSpiffeId(text).ok],
  ["an issuer", "https://id.prod.example:8443/a", (text) => isIssuerUrl(text)],
];

describe("decoders never throw, and read much and refuse much", () => {
  it.each(DER)("of what is nearly %s", (_, good, decode) => {
    const count = { read: 0, refused: 0 };
    fc.assert(
      fc.property(nearly(good), (input) => {
        const formed = readDer(input, { ber: true }).ok;
        const { ok } = decode(input);
        expect(ok && !formed).toBe(false);
        if (formed) count[ok ? "read" : "refused"]++;
      }),
      { numRuns: 1000 },
    );
    expect(count.read).toBeGreaterThan(20);
    expect(count.refused).toBeGreaterThan(100);
  });

  it.each(TEXT)("of what is nearly %s", (_, good, decode) => {
    expect(decode(good)).toBe(true);
    let read = 0;
    fc.assert(
      fc.property(nearlyText(good), (input) => {
        if (decode(input)) read++;
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(20);
    expect(read).toBeLessThan(980);
  });

  it("of what is nearly a JWK", () => {
    let read = 0;
    const good = [ec, rsa].map(({ publicKey }) => Object.entries(jwkOf(publicKey.info)));
    const value = fc.oneof(
      fc.constantFrom("RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", null, 1, true, undefined),
      fc.base64String({ maxLength: 44 }),
    );
    const changed = fc.record({
      members: fc.constantFrom(...good),
      name: fc.constantFrom("kty", "crv", "x", "y", "n", "e", "d", "use"),
      other: value,
    });
    fc.assert(
      fc.property(changed, ({ members, name, other }) => {
        if (parseJwk({ ...Object.fromEntries(members), [name]: other }).ok) read++;
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(100);
    expect(read).toBeLessThan(900);
  });
});
