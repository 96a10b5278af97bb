import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { readDer, type DerNode } from "../../../src/encoding/der/reader.ts";
import {
  ascii,
  explicit,
  implicit,
  integer,
  oid,
  seq,
  time,
} from "../../../src/encoding/der/writer.ts";
import { lintX509SvidTbs, type X509SvidExpectation } from "../../../src/svid/x509-lint.ts";
import { buildX509SvidTbs, type X509SvidProfile } from "../../../src/svid/x509-svid.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { extension, NOW, platform } from "./forge.ts";
import { expectationOf, ID, minter, profileFor, type Minter } from "./mint.ts";

let ca: Minter;
let other: Minter;
let profile: X509SvidProfile;
let tbs: Uint8Array;
let expected: X509SvidExpectation;
let parts: readonly DerNode[];

beforeAll(async () => {
  ca = await minter("P-256");
  other = await minter("P-256");
  profile = await profileFor((await platform.generateKey("P-256")).publicKey.spki);
  tbs = buildX509SvidTbs(ca.issuer, profile);
  expected = expectationOf(profile, ca);
  const read = readDer(tbs);
  parts = read.ok ? read.value.children : [];
});

const detail = (bytes: Uint8Array, against = expected): string | undefined => {
  const result = lintX509SvidTbs(bytes, against);
  if (result.ok) return undefined;
  expect(result.error.reason).toBe("lint_failed");
  return result.error.detail;
};
/** The TBSCertificate with one of its elements replaced. */
const withPart = (at: number, element: Uint8Array): Uint8Array =>
  seq(...parts.map((part, index) => (index === at ? element : part.raw)));
const withExtensions = (...list: readonly Uint8Array[]): Uint8Array =>
  withPart(7, explicit(3, seq(...list)));
const extensions = (): Uint8Array[] =>
  (parts[7]?.children[0]?.children ?? []).map(({ raw }) => raw);

describe("the lint of an X.509-SVID", () => {
  it("passes what the builder makes, whatever the order of the extensions", () => {
    expect(detail(tbs)).toBeUndefined();
    expect(detail(withExtensions(...extensions().toReversed()))).toBeUndefined();
  });

  it("refuses every change of every byte but in serial and times, and there it reports what it sees", () => {
    const free = new Set<number>();
    for (const at of [1, 4]) {
      const part = parts[at]?.raw ?? tbs;
      const from = part.byteOffset - tbs.byteOffset;
      for (let byte = from; byte < from + part.length; byte++) free.add(byte);
    }
    const accepted: string[] = [];
    for (let at = 0; at < tbs.length; at++) {
      for (let value = 0; value < 256; value++) {
        if (value === tbs[at]) continue;
        const result = lintX509SvidTbs(tbs.with(at, value), expected);
        if (!result.ok) continue;
        if (!free.has(at)) accepted.push(`${at}: ${value}`);
        const { serial, notBefore, notAfter } = result.value;
        const changed =
          serial.some((byte, i) => byte !== profile.serial[i]) ||
          notBefore !== profile.notBefore ||
          notAfter !== profile.notAfter;
        if (!changed) accepted.push(`${at}: ${value} unseen`);
        if (!(notBefore <= NOW && notAfter > NOW)) accepted.push(`${at}: ${value} no time of now`);
      }
    }
    expect(accepted).toEqual([]);
  });

  it("refuses every cut and every extra byte, and never throws", () => {
    for (let length = 0; length < tbs.length; length++)
      expect(detail(tbs.subarray(0, length))).toBeDefined();
    for (const byte of [0, 1, 0x30, 0xff])
      expect(detail(Uint8Array.of(...tbs, byte))).toBe("structure");
    for (let at = 0; at < tbs.length; at++)
      expect(detail(concatBytes(tbs.subarray(0, at), tbs.subarray(at + 1))), `${at}`).toBeDefined();
  });

  it.each([
    ["version", () => withPart(0, explicit(0, integer(1)))],
    ["serial", () => withPart(1, integer(1))],
    ["serial", () => withPart(1, integer(new Uint8Array(20).fill(0x40)))],
    ["serial", () => withPart(1, integer(new Uint8Array(17).fill(0x80)))],
    ["signature algorithm", () => withPart(2, seq(oid("1.2.840.10045.4.3.3")))],
    ["issuer", () => withPart(3, other.certificate.subject.raw)],
    ["not before", () => withPart(4, seq(time(NOW - 61), time(NOW + 3600)))],
    ["not before", () => withPart(4, seq(time(NOW + 1), time(NOW + 3600)))],
    ["not after", () => withPart(4, seq(time(NOW - 30), time(NOW)))],
    ["not after", () => withPart(4, seq(time(NOW - 30), time(NOW + 3601)))],
    ["subject", () => withPart(5, ca.certificate.subject.raw)],
    ["public key", () => withPart(6, ca.certificate.spki)],
    ["structure", () => seq(...parts.map(({ raw }) => raw), seq()).subarray(0, -1)],
    ["extensions", () => seq(...parts.map(({ raw }) => raw), seq())],
    ["extensions", () => seq(...parts.slice(0, 7).map(({ raw }) => raw))],
  ] as const)("names %s", (field, change) => {
    expect(detail(change())).toBe(field);
  });

  it("refuses an extension that is missing, twice, one too many or of another kind", () => {
    const list = extensions();
    expect(list.length).toBe(6);
    for (const [at, one] of list.entries()) {
      expect(detail(withExtensions(...list.toSpliced(at, 1))), "missing").toBe("extension missing");
      expect(detail(withExtensions(...list, one)), "twice").toBe("extension twice");
      expect(detail(withExtensions(...list.with(at, extension.unknown(false)))), "replaced").toBe(
        "extension type",
      );
    }
    const more = [
      extension.unknown(true),
      encodeExtension(OID.nameConstraints, true, seq()),
      encodeExtension("2.5.29.46", false, seq()),
    ];
    for (const one of more) expect(detail(withExtensions(...list, one))).toBeDefined();
  });

  it.each([
    ["key usage", () => extension.keyUsage([0, 5])],
    ["key usage", () => extension.keyUsage([2])],
    ["key usage", () => extension.keyUsage([0], false)],
    ["extended key usage", () => extension.purposes(OID.serverAuth)],
    [
      "extended key usage",
      () => extension.purposes(OID.clientAuth, OID.serverAuth, OID.anyExtendedKeyUsage),
    ],
    ["basic constraints", () => extension.ca()],
    ["basic constraints", () => extension.ca(0)],
    ["spiffe id", () => extension.uris([`${ID}x`])],
    ["spiffe id", () => extension.uris([ID, ID])],
    ["spiffe id", () => extension.uris([ID], false)],
    ["spiffe id", () => extension.altNames(implicit(2, ascii(ID)))],
    ["spiffe id", () => extension.altNames(implicit(6, ascii(ID)), implicit(2, ascii("a.b")))],
  ] as const)("names %s where its value is another", (field, value) => {
    const list = extensions();
    const type = readType(value());
    const at = list.findIndex((one) => readType(one) === type);
    expect(detail(withExtensions(...list.with(at, value())))).toBe(field);
  });

  it("refuses expectations that are not to be met", () => {
    const against = (change: Partial<X509SvidExpectation>) =>
      detail(tbs, { ...expected, ...change });
    expect(against({ spiffeId: `${ID}2` })).toBe("spiffe id");
    expect(against({ trustDomain: "example.org" })).toBe("spiffe id");
    expect(against({ trustDomain: "" })).toBe("spiffe id");
    expect(against({ subjectKeyId: other.issuer.keyId })).toBe("subject key id");
    expect(against({ issuer: { ...expected.issuer, keyId: other.issuer.keyId } })).toBe(
      "authority key id",
    );
    expect(against({ issuer: { ...expected.issuer, notAfter: NOW + 60 } })).toBe(
      "not after, issuer's end",
    );
    expect(against({ issuer: { ...expected.issuer, name: seq() } })).toBe("issuer");
    expect(against({ scheme: { name: "Ed25519" } })).toBe("signature algorithm");
    expect(against({ spki: other.certificate.spki })).toBe("public key");
    expect(against({ spki: new Uint8Array() })).toBe("public key");
    expect(against({ now: NOW + 3600 })).toBeDefined();
  });

  it("refuses an id that no template should have made, even where both sides have it", async () => {
    for (const id of [
      "spiffe://prod.example.org",
      "spiffe://prod.example.org/",
      "spiffe://prod.example.org/a/../b",
      "spiffe://prod.example.org/a b",
      "https://prod.example.org/a",
    ]) {
      const bad = await profileFor(profile.spki, { spiffeId: id });
      expect(detail(buildX509SvidTbs(ca.issuer, bad), expectationOf(bad, ca)), `id ${id}`).toBe(
        "spiffe id",
      );
    }
  });

  it("tells a builder's template of another CA", () => {
    expect(detail(buildX509SvidTbs(other.issuer, profile))).toBe("issuer");
  });

  it("knows the calendar", () => {
    for (const text of [
      "270230080000Z",
      "270431080000Z",
      "270015080000Z",
      "271315080000Z",
      "270100080000Z",
      "270115240000Z",
      "270115086000Z",
      "270115080060Z",
      "2701150800 0Z",
      "270115080000+",
      " 70115080000Z",
      "2:0115080000Z",
    ])
      expect(detail(withPart(4, firstTime(text))), `time ${text}`).toBe("validity");
    for (const text of [" 0270115080000Z", "20 70115080000Z", "20490115080000Z"]) {
      const end = concatBytes(Uint8Array.of(0x18, 15), ascii(text));
      expect(detail(withPart(4, seq(time(NOW), end))), `time ${text}`).toBe("validity");
    }
  });
});

function readType(der: Uint8Array): string {
  return String(der.subarray(2, 7));
}

function firstTime(text: string): Uint8Array {
  return seq(concatBytes(Uint8Array.of(0x17, 13), ascii(text)), time(NOW + 3600));
}
