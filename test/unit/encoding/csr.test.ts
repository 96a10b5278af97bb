import { describe, expect, it } from "vitest";
import { concatBytes, utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseCsr, verifyCsr } from "../../../src/encoding/csr.ts";
import {
  bits,
  boolean,
  ia5,
  implicit,
  integer,
  nul,
  octets,
  oid,
  seq,
  set,
  utf8,
} from "../../../src/encoding/der/writer.ts";
import type { SignatureScheme } from "../../../src/encoding/primitives.ts";
import { signatureAlgorithmOf, x509Signature } from "../../../src/encoding/signature-algorithm.ts";
import type { KeyKind, PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { newKey } from "../../fakes/private-key.ts";

const platform = webCryptoPlatform();
const ES256: SignatureScheme = { name: "ECDSA", hash: "SHA-256" };
const NO_ATTRIBUTES = implicit(0, new Uint8Array(), true);

interface Parts {
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  readonly attributes?: Uint8Array;
  readonly more?: readonly Uint8Array[];
}

function info(key: PrivateKey, parts: Parts = {}): Uint8Array {
  return seq(
    parts.version ?? integer(0),
    parts.subject ?? seq(),
    parts.spki ?? key.publicKey.spki,
    parts.attributes ?? NO_ATTRIBUTES,
    ...(parts.more ?? []),
  );
}

async function request(
  key: PrivateKey,
  parts: Parts = {},
  scheme: SignatureScheme = ES256,
): Promise<Uint8Array> {
  const tbs = info(key, parts);
  const raw = await platform.sign(scheme, key, tbs);
  return seq(tbs, signatureAlgorithmOf(scheme), bits(x509Signature(raw, scheme)));
}

async function judge(der: Uint8Array): Promise<string> {
  const csr = parseCsr(der);
  if (!csr.ok) return csr.error.reason;
  const key = await platform.importPublicKey(csr.value.info);
  if (!key.ok) return key.error.reason;
  const verified = await verifyCsr(csr.value, key.value, platform);
  return verified.ok ? "ok" : verified.error.reason;
}

/** An attribute that asks for extensions: the requester's wishes, which nobody hears. */
const WISHES = implicit(
  0,
  seq(
    oid("1.2.840.113549.1.9.14"),
    set(
      seq(
        seq(oid("2.5.29.19"), boolean(true), octets(seq(boolean(true)))),
        seq(oid("2.5.29.17"), octets(seq(implicit(6, utf8Encode("spiffe://other/admin"))))),
      ),
    ),
  ),
  true,
);

describe("parseCsr", () => {
  it.each<[KeyKind, SignatureScheme]>([
    ["P-256", ES256],
    ["P-256", { name: "ECDSA", hash: "SHA-512" }],
    ["P-384", { name: "ECDSA", hash: "SHA-384" }],
    ["RSA-2048", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
    ["RSA-2048", { name: "RSA-PSS", hash: "SHA-256" }],
    ["Ed25519", { name: "Ed25519" }],
  ])("takes and verifies a request for %s", async (kind, scheme) => {
    const key = await newKey(platform, kind);
    expect(await judge(await request(key, {}, scheme))).toBe("ok");
  });

  it("keeps nothing but key and proof, whatever is asked for", async () => {
    const key = await platform.generateKey("P-256");
    const subject = seq(set(seq(oid("2.5.4.3"), utf8("CA:true"))));
    const csr = parseCsr(await request(key, { subject, attributes: WISHES }));
    expect(csr.ok && Object.keys(csr.value)).toEqual(["tbs", "info", "scheme", "signature"]);
    expect(csr.ok && csr.value.info).toEqual(key.publicKey.info);
  });

  it("refuses a proof by another key, or over other bytes", async () => {
    const key = await platform.generateKey("P-256");
    const other = await platform.generateKey("P-256");
    expect(await judge(await request(other, { spki: key.publicKey.spki }))).toBe(
      "csr_signature_invalid",
    );
    const raw = await platform.sign(ES256, key, info(key));
    const moved = seq(
      info(key, { attributes: WISHES }),
      signatureAlgorithmOf(ES256),
      bits(x509Signature(raw, ES256)),
    );
    expect(await judge(moved)).toBe("csr_signature_invalid");
  });

  it("refuses every other form", async () => {
    const key = await platform.generateKey("P-256");
    const good = await request(key);
    const tbs = info(key);
    const algorithm = signatureAlgorithmOf(ES256);
    const signature = bits(x509Signature(await platform.sign(ES256, key, tbs), ES256));
    expect(await judge(seq(tbs, algorithm, signature))).toBe("ok");
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ["nothing", new Uint8Array()],
      ["bytes after", concatBytes(good, Uint8Array.of(0))],
      ["bytes missing", good.subarray(0, -1)],
      ["a SET", concatBytes(Uint8Array.of(0x31), good.subarray(1))],
      [
        "a SET within",
        seq(concatBytes(Uint8Array.of(0x31), tbs.subarray(1)), algorithm, signature),
      ],
      ["no signature", seq(tbs, algorithm)],
      ["a fourth part", seq(tbs, algorithm, signature, nul())],
      ["version 1", await request(key, { version: integer(1) })],
      ["version 2", await request(key, { version: integer(2) })],
      ["a subject that is no name", await request(key, { subject: set() })],
      [
        "attributes of another tag",
        await request(key, { attributes: implicit(1, new Uint8Array(), true) }),
      ],
      ["primitive attributes", await request(key, { attributes: implicit(0, new Uint8Array()) })],
      ["a fifth part within", await request(key, { more: [nul()] })],
      ["a key that is none", await request(key, { spki: seq() })],
      ["a raw signature", seq(tbs, algorithm, bits(await platform.sign(ES256, key, tbs)))],
      ["an empty signature", seq(tbs, algorithm, bits(new Uint8Array()))],
      ["a signature in an OCTET STRING", seq(tbs, algorithm, octets(signature))],
      [
        "an algorithm of another kind of key",
        seq(tbs, signatureAlgorithmOf({ name: "Ed25519" }), signature),
      ],
      [
        "an RSA algorithm",
        seq(tbs, signatureAlgorithmOf({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }), signature),
      ],
      [
        "malformed DER within the subject",
        await request(key, { subject: seq(Uint8Array.of(0x13, 5)) }),
      ],
      ["more than 16 KiB", await request(key, { subject: seq(ia5("a".repeat(16384))) })],
    ];
    const judged = await Promise.all(
      cases.map(async ([what, der]) => [what, await judge(der)] as const),
    );
    expect(judged.filter(([, reason]) => reason !== "csr_malformed")).toEqual([]);
  });

  it.each([
    [
      "a curve that is not ours",
      seq(seq(oid("1.2.840.10045.2.1"), oid("1.3.132.0.10")), bits(new Uint8Array(65))),
    ],
    [
      "explicit curve parameters",
      seq(seq(oid("1.2.840.10045.2.1"), seq(integer(1))), bits(new Uint8Array(65))),
    ],
    ["GOST", seq(seq(oid("1.2.643.7.1.1.1.1"), seq()), bits(new Uint8Array(66)))],
  ])("says that %s is unsupported", async (_, spki) => {
    const key = await platform.generateKey("P-256");
    expect(await judge(await request(key, { spki }))).toBe("key_unsupported");
  });

  it.each([
    ["SHA-1", seq(oid("1.2.840.10045.4.1"))],
    ["SHA-224", seq(oid("1.2.840.10045.4.3.1"))],
  ])("says that a signature with %s is unsupported", async (_, algorithm) => {
    const key = await platform.generateKey("P-256");
    expect(await judge(seq(info(key), algorithm, bits(Uint8Array.of(1))))).toBe("key_unsupported");
  });

  it("is refused at import where the point is not on its curve", async () => {
    const key = await platform.generateKey("P-256");
    const spki = Uint8Array.from(key.publicKey.spki);
    spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
    expect(await judge(await request(key, { spki }))).toBe("key_malformed");
  });
});
