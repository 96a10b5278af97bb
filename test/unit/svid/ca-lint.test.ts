import { describe, expect, it } from "vitest";
import { readDer, unwrap } from "../../../src/encoding/der/reader.ts";
import { explicit, octets, seq } from "../../../src/encoding/der/writer.ts";
import { buildCaTbs, type CaNameConstraints } from "../../../src/svid/ca-certificate.ts";
import { lintIntermediateTbs, type IntermediateExpectation } from "../../../src/svid/ca-lint.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { serialNumber } from "../../../src/svid/x509-svid.ts";
import { NOW, platform } from "./forge.ts";
import { minter, trustDomain } from "./mint.ts";

const FORMS: readonly CaNameConstraints[] = ["exclude_dns_ip", "permit_uri", "none"];

async function setUp(nameConstraints: CaNameConstraints = "exclude_dns_ip") {
  const root = await minter("P-256");
  const { publicKey } = await platform.generateKey("P-256");
  const { spki } = publicKey;
  const subjectKeyId = await subjectKeyIdOf(spki, platform);
  const by = { name: root.certificate.subject.raw, keyId: root.issuer.keyId };
  const profile = {
    trustDomain,
    spki,
    subjectKeyId,
    serial: serialNumber(platform.random(17)),
    notBefore: NOW - 60,
    notAfter: NOW + 7800,
    pathLength: 0,
    nameConstraints,
    scheme: root.scheme,
    issuer: by,
  };
  const expected: IntermediateExpectation = {
    trustDomain,
    spki,
    subjectKeyId,
    scheme: root.scheme,
    issuer: { ...by, notAfter: root.certificate.notAfter },
    nameConstraints,
    now: NOW,
    latestNotAfter: NOW + 7800,
  };
  return { root, profile, expected, other: await minter("P-384") };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;
type Change = (world: SetUp) => Partial<SetUp["profile"]>;

describe("the lint of an intermediate", () => {
  it.each(FORMS)("passes what the builder writes (%s)", async (form) => {
    const { profile, expected } = await setUp(form);
    expect(lintIntermediateTbs(buildCaTbs(profile), expected)).toEqual({ ok: true });
  });

  it.each<[string, string, Change]>([
    ["a path length of 1", "extension 2.5.29.19, value", () => ({ pathLength: 1 })],
    ["another key", "public key", ({ other }) => ({ spki: other.key.publicKey.spki })],
    ["another key id", "subject", () => ({ subjectKeyId: new Uint8Array(20).fill(7) })],
    [
      "another issuer",
      "issuer",
      ({ other, profile }) => ({
        issuer: { ...profile.issuer, name: other.certificate.subject.raw },
      }),
    ],
    [
      "another issuer's key id",
      "extension 2.5.29.35, value",
      ({ other, profile }) => ({ issuer: { ...profile.issuer, keyId: other.issuer.keyId } }),
    ],
    ["another algorithm", "signature algorithm", ({ other }) => ({ scheme: other.scheme })],
    ["a day more", "not after", ({ profile }) => ({ notAfter: profile.notAfter + 86_400 })],
    ["a second more", "not after", ({ profile }) => ({ notAfter: profile.notAfter + 1 })],
    ["an end that is past", "not after", () => ({ notAfter: NOW })],
    ["a beginning to come", "not before", () => ({ notBefore: NOW + 1 })],
    ["a beginning long past", "not before", () => ({ notBefore: NOW - 121 })],
    ["a short serial number", "serial", () => ({ serial: new Uint8Array([1, 2, 3]) })],
    ["another trust domain", "value", () => ({ trustDomain: "prod.example.orh" as never })],
    ["no name constraints", "extension missing", () => ({ nameConstraints: "none" })],
    ["other name constraints", "2.5.29.30, value", () => ({ nameConstraints: "permit_uri" })],
  ])("refuses %s", async (_, detail, change) => {
    const world = await setUp();
    const tbs = buildCaTbs({ ...world.profile, ...change(world) });
    expect(lintIntermediateTbs(tbs, world.expected)).toMatchObject({
      error: { reason: "lint_failed", detail: expect.stringContaining(detail) },
    });
  });

  it("refuses an intermediate that outlives its root", async () => {
    const { profile, expected } = await setUp();
    const issuer = { ...expected.issuer, notAfter: NOW + 60 };
    expect(lintIntermediateTbs(buildCaTbs(profile), { ...expected, issuer })).toMatchObject({
      error: { detail: "intermediate: not after, issuer's end" },
    });
  });

  it.each<[string, Uint8Array]>([
    ["a second key usage", encodeExtension(OID.keyUsage, true, octets(new Uint8Array(1)))],
    ["an extended key usage", encodeExtension(OID.extendedKeyUsage, false, seq())],
    ["what nobody knows", encodeExtension("1.3.6.1.4.1.99999.1", true, octets(new Uint8Array(3)))],
    ["policies", encodeExtension("2.5.29.32", false, seq())],
  ])("refuses %s behind the rest", async (_, extra) => {
    const { profile, expected } = await setUp();
    const tbs = withExtension(buildCaTbs(profile), extra);
    expect(lintIntermediateTbs(tbs, expected)).toMatchObject({
      error: { detail: "intermediate: extension type, or twice" },
    });
  });

  it.each(FORMS)("leaves freedom to the serial number and the times alone (%s)", async (form) => {
    const { profile, expected } = await setUp(form);
    const tbs = buildCaTbs(profile);
    // version 5, serial 2 + 17; the validity follows algorithm and issuer.
    const header = tbs.length - contentLength(tbs);
    const serial = [header + 7, header + 24];
    const validity = header + 24 + 12 + profile.issuer.name.length;
    const passed: number[] = [];
    for (let at = 0; at < tbs.length; at++)
      for (const flip of [0x01, 0x10, 0x80]) {
        const changed = tbs.with(at, (tbs[at] ?? 0) ^ flip);
        const free =
          (at >= (serial[0] ?? 0) && at < (serial[1] ?? 0)) ||
          (at >= validity && at < validity + 32);
        if (!free && lintIntermediateTbs(changed, expected).ok) passed.push(at);
      }
    expect(passed).toEqual([]);
    for (let length = 0; length < tbs.length; length++)
      expect(lintIntermediateTbs(tbs.subarray(0, length), expected).ok).toBe(false);
  });
});

function contentLength(der: Uint8Array): number {
  return der[1] === 0x82 ? ((der[2] ?? 0) << 8) | (der[3] ?? 0) : (der[2] ?? 0);
}

/** The same with one extension more. */
function withExtension(tbs: Uint8Array, extra: Uint8Array): Uint8Array {
  const read = readDer(tbs);
  const fields = read.ok ? read.value.children : [];
  const list = unwrap(fields.at(-1), 3)?.children ?? [];
  const extensions = explicit(3, seq(...list.map(({ raw }) => raw), extra));
  return seq(...fields.slice(0, -1).map(({ raw }) => raw), extensions);
}
