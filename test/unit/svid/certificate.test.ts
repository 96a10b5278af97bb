import { describe, expect, it } from "vitest";
import { ascii, explicit, implicit, octets, seq } from "../../../src/encoding/der/writer.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import { signatureAlgorithmOf } from "../../../src/encoding/signature-algorithm.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { extension, forge, platform } from "./forge.ts";

const key = await platform.generateKey("P-256");

/** What is wrong with a certificate that has the extension; undefined where nothing is. */
async function problemOf(...extensions: readonly Uint8Array[]): Promise<string | undefined> {
  const read = parseCertificate(await forge({ subject: "a", extensions }, key));
  return read.ok ? undefined : read.error.detail;
}

const uri = implicit(6, ascii("example.org"));
const constraints = (...subtree: readonly Uint8Array[]) =>
  encodeExtension(OID.nameConstraints, true, seq(explicit(0, seq(...subtree))));

describe("a certificate is malformed", () => {
  it("whose two signature algorithms differ, though both are known", async () => {
    const fields = { subject: "a", extensions: [extension.notCa()] };
    const [tbs, algorithm, signature] = readParts(await forge(fields, key));
    const whole = (name: Uint8Array) => parseCertificate(seq(tbs, name, signature));
    expect(whole(algorithm).ok).toBe(true);
    expect(whole(signatureAlgorithmOf({ name: "ECDSA", hash: "SHA-384" }))).toMatchObject({
      ok: false,
      error: { reason: "certificate_malformed", detail: "signature algorithms differ" },
    });
  });

  it("with an address of neither version", async () => {
    for (const length of [4, 16])
      expect(
        await problemOf(extension.altNames(implicit(7, new Uint8Array(length)))),
      ).toBeUndefined();
    for (const length of [0, 5, 8, 32])
      expect(await problemOf(extension.altNames(implicit(7, new Uint8Array(length))))).toContain(
        OID.subjectAltName,
      );
  });

  it("with a subtree that says from where or how far it reaches", async () => {
    expect(await problemOf(constraints(uri))).toBeUndefined();
    expect(await problemOf(constraints(uri, implicit(0, Uint8Array.of(1))))).toContain(
      OID.nameConstraints,
    );
    expect(await problemOf(constraints(uri, implicit(1, Uint8Array.of(1))))).toContain(
      OID.nameConstraints,
    );
  });

  it("with an empty key identifier, and a path length beyond any path", async () => {
    const keyId = encodeExtension(OID.subjectKeyId, false, octets(new Uint8Array()));
    expect(await problemOf(keyId)).toContain(OID.subjectKeyId);
    expect(await problemOf(extension.ca(255))).toBeUndefined();
    expect(await problemOf(extension.ca(256))).toContain(OID.basicConstraints);
  });
});

function readParts(der: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  const read = readDer(der);
  const [tbs, algorithm, signature] = read.ok ? read.value.children : [];
  if (tbs === undefined || algorithm === undefined || signature === undefined)
    throw new Error("no certificate");
  return [tbs.raw, algorithm.raw, signature.raw];
}
