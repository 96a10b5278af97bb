import { describe, expect, it } from "vitest";
import { encodeBase64, encodeBase64url } from "../../../src/encoding/base64.ts";
import { concatBytes, toHex, utf8Encode } from "../../../src/encoding/bytes.ts";
import {
  parseBundle,
  serializeBundle,
  serializeBundleMap,
  type Bundle,
} from "../../../src/encoding/bundle.ts";
import { bits, explicit, integer, nul, oid, seq, time } from "../../../src/encoding/der/writer.ts";
import type { PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { jwkOf, spkiOf } from "../../../src/encoding/public-key.ts";

function ec(fill: number): PublicKeyInfo {
  return {
    type: "EC",
    curve: "P-256",
    x: new Uint8Array(32).fill(fill),
    y: new Uint8Array(32).fill(9),
  };
}

/** The parts of a certificate that a bundle looks at; nothing else about it is sound. */
function certificate(info: PublicKeyInfo, version = true): Uint8Array {
  const algorithm = seq(oid("1.2.840.10045.4.3.2"));
  const tbs = seq(
    ...(version ? [explicit(0, integer(2))] : []),
    integer(1),
    algorithm,
    seq(),
    seq(time(0), time(1)),
    seq(),
    spkiOf(info),
  );
  return seq(tbs, algorithm, bits(Uint8Array.of(1)));
}

const ROOT = { certificate: certificate(ec(1)), info: ec(1) };
const BUNDLE: Bundle = {
  x509Authorities: [ROOT],
  jwtAuthorities: [{ kid: "jwt-1", info: ec(2) }],
  witAuthorities: [{ kid: "wit-1", info: ec(3) }],
  sequence: 18446744073709551615n,
  refreshHint: 300,
};
const X509_ENTRY = { ...jwkOf(ROOT.info), use: "x509-svid", x5c: [encodeBase64(ROOT.certificate)] };
const JWT_ENTRY = { ...jwkOf(ec(2)), use: "jwt-svid", kid: "jwt-1" };

function parse(document: unknown): Bundle {
  const parsed = parseBundle(JSON.stringify(document));
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value;
}

function authorities(document: unknown): number {
  const bundle = parse(document);
  return (
    bundle.x509Authorities.length + bundle.jwtAuthorities.length + bundle.witAuthorities.length
  );
}

describe("serializeBundle", () => {
  it("writes what parseBundle reads, to the last digit of the sequence", () => {
    const text = serializeBundle(BUNDLE);
    expect(parseBundle(text)).toEqual({ ok: true, value: BUNDLE });
    expect(parseBundle(utf8Encode(text))).toEqual({ ok: true, value: BUNDLE });
    expect(text).toContain('"spiffe_sequence":18446744073709551615');
  });

  it("writes only the parameters that the specifications define", () => {
    const document: { readonly keys: readonly Readonly<Record<string, unknown>>[] } = JSON.parse(
      serializeBundle(BUNDLE),
    );
    const { keys } = document;
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ["crv", "kty", "use", "x", "x5c", "y"],
      ["crv", "kid", "kty", "use", "x", "y"],
      ["crv", "kid", "kty", "use", "x", "y"],
    ]);
    expect(keys.map(({ use }) => use)).toEqual(["x509-svid", "jwt-svid", "wit-svid"]);
  });

  it("writes an empty bundle, which withdraws all trust", () => {
    const empty = { x509Authorities: [], jwtAuthorities: [], witAuthorities: [] };
    expect(serializeBundle(empty)).toBe('{"keys":[]}');
    expect(parseBundle('{"keys":[]}')).toEqual({ ok: true, value: empty });
  });

  it("is the same text each time", () => {
    expect(serializeBundle(BUNDLE)).toBe(serializeBundle({ ...BUNDLE }));
  });
});

describe("serializeBundleMap", () => {
  it("orders names and leaves refresh hints out", () => {
    const map = new Map([
      ["b.example", BUNDLE],
      ["a.example", { ...BUNDLE, x509Authorities: [] }],
    ]);
    const text = serializeBundleMap(map);
    const { trust_domains: domains }: { trust_domains: Record<string, object> } = JSON.parse(text);
    expect(Object.keys(domains)).toEqual(["a.example", "b.example"]);
    expect(Object.keys(domains["a.example"] ?? {})).toEqual(["keys", "spiffe_sequence"]);
    expect(serializeBundleMap(new Map())).toBe('{"trust_domains":{}}');
  });
});

describe("parseBundle", () => {
  it("keeps the good keys beside those it does not know", () => {
    const bundle = parse({
      keys: [
        { kty: "AKP", alg: "ML-DSA-44", pub: "AA", use: "jwt-svid", kid: "pq" },
        { ...JWT_ENTRY, use: "sig" },
        { ...JWT_ENTRY, use: undefined },
        { ...JWT_ENTRY, use: "JWT-SVID" },
        { ...JWT_ENTRY, use: 1 },
        JWT_ENTRY,
        X509_ENTRY,
      ],
      extra: true,
    });
    expect(bundle.jwtAuthorities.map(({ kid }) => kid)).toEqual(["jwt-1"]);
    expect(bundle.x509Authorities).toHaveLength(1);
  });

  it.each([
    ["no x5c", { ...X509_ENTRY, x5c: undefined }],
    ["an empty x5c", { ...X509_ENTRY, x5c: [] }],
    ["an x5c that is no list", { ...X509_ENTRY, x5c: X509_ENTRY.x5c[0] }],
    ["an x5c of numbers", { ...X509_ENTRY, x5c: [1] }],
    ["an x5c in base64url", { ...X509_ENTRY, x5c: [encodeBase64url(ROOT.certificate)] }],
    ["an x5c that is no certificate", { ...X509_ENTRY, x5c: ["AAAA"] }],
    ["an x5c that ends before its key", { ...X509_ENTRY, x5c: [encodeBase64(seq(seq(nul())))] }],
    [
      "an x5c with bytes after",
      { ...X509_ENTRY, x5c: [encodeBase64(concatBytes(ROOT.certificate, nul()))] },
    ],
    ["another key than the certificate's", { ...X509_ENTRY, ...jwkOf(ec(5)) }],
    ["a private key", { ...X509_ENTRY, d: "AA" }],
    ["no key", { use: "x509-svid", x5c: X509_ENTRY.x5c }],
    ["no kid", { ...JWT_ENTRY, kid: undefined }],
    ["an empty kid", { ...JWT_ENTRY, kid: "" }],
    ["a kid that is no text", { ...JWT_ENTRY, kid: 7 }],
    ["a private JWT key", { ...JWT_ENTRY, d: "AA" }],
    ["an unknown curve", { ...JWT_ENTRY, crv: "secp256k1" }],
  ])("leaves out an entry with %s", (_, entry) => {
    expect(authorities({ keys: [entry] })).toBe(0);
    expect(authorities({ keys: [entry, JWT_ENTRY, X509_ENTRY] })).toBe(2);
  });

  it("takes the first of several certificates, and certificates of version 1", () => {
    const x5c = [...X509_ENTRY.x5c, encodeBase64(certificate(ec(7)))];
    const [authority] = parse({ keys: [{ ...X509_ENTRY, x5c }] }).x509Authorities;
    expect(authority && toHex(authority.certificate)).toBe(toHex(ROOT.certificate));
    const old = [encodeBase64(certificate(ec(1), false))];
    expect(authorities({ keys: [{ ...X509_ENTRY, x5c: old }] })).toBe(1);
  });

  it("takes the first of two keys with one id, and keeps the uses apart", () => {
    const bundle = parse({
      keys: [
        JWT_ENTRY,
        { ...jwkOf(ec(4)), use: "jwt-svid", kid: "jwt-1" },
        { ...jwkOf(ec(5)), use: "wit-svid", kid: "jwt-1" },
      ],
    });
    expect(bundle.jwtAuthorities).toEqual([{ kid: "jwt-1", info: ec(2) }]);
    expect(bundle.witAuthorities).toEqual([{ kid: "jwt-1", info: ec(5) }]);
  });

  it.each([
    ["0", 0n],
    ["1763769600", 1763769600n],
    ["9007199254740993", 9007199254740993n],
    ["9007199254740992", 9007199254740992n],
    ["18446744073709551615", 18446744073709551615n],
  ])("reads the sequence %s exactly", (digits, sequence) => {
    const parsed = parseBundle(`{"keys":[],"spiffe_sequence" : ${digits}\n}`);
    expect(parsed.ok && parsed.value.sequence).toBe(sequence);
  });

  it("is not misled by a sequence elsewhere", () => {
    const parsed = parseBundle(
      '{"keys":[{"spiffe_sequence":9007199254740999}],"note":"\\"spiffe_sequence\\":9007199254740997","spiffe_sequence":9007199254740993}',
    );
    expect(parsed.ok && parsed.value.sequence).toBe(9007199254740993n);
  });

  it.each([
    ["no keys", "{}"],
    ["keys that are no list", '{"keys":{}}'],
    ["a key that is no object", '{"keys":[1]}'],
    ["too many keys", `{"keys":[${Array.from({ length: 513 }, () => "{}").join()}]}`],
    ["a list", "[]"],
    ["nothing", ""],
    ["a negative sequence", '{"keys":[],"spiffe_sequence":-1}'],
    ["a sequence in text", '{"keys":[],"spiffe_sequence":"1"}'],
    ["a sequence with a fraction", '{"keys":[],"spiffe_sequence":1.5}'],
    ["a great sequence with a fraction", '{"keys":[],"spiffe_sequence":9007199254740994.5}'],
    ["a great sequence with an exponent", '{"keys":[],"spiffe_sequence":1e19}'],
    ["a sequence of 21 digits", '{"keys":[],"spiffe_sequence":100000000000000000001}'],
    ["a null sequence", '{"keys":[],"spiffe_sequence":null}'],
    ["a negative hint", '{"keys":[],"spiffe_refresh_hint":-5}'],
    ["a hint with a fraction", '{"keys":[],"spiffe_refresh_hint":0.5}'],
    ["a hint in text", '{"keys":[],"spiffe_refresh_hint":"300"}'],
    ["more than a mebibyte", `{"keys":[],"x":"${"a".repeat(1 << 20)}"}`],
  ])("refuses a document with %s", (_, text) => {
    expect(parseBundle(text)).toMatchObject({ ok: false, error: { reason: "json_malformed" } });
  });

  it.each(['{"keys":[],"keys":[]}', '{"keys":[{"kid":"a","kid":"b"}]}'])(
    "refuses a name twice: %s",
    (text) => {
      expect(parseBundle(text)).toMatchObject({
        ok: false,
        error: { reason: "json_duplicate_key" },
      });
    },
  );
});
