import { beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import type { HashName, SignatureScheme } from "../../../src/encoding/primitives.ts";
import { signatureAlgorithmOf } from "../../../src/encoding/signature-algorithm.ts";
import { seq } from "../../../src/encoding/der/writer.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import { algorithmBytes } from "../../../src/svid/x509-lint-constants.ts";
import { lintX509SvidTbs } from "../../../src/svid/x509-lint.ts";
import { buildX509SvidTbs, serialNumber, x509Issuer } from "../../../src/svid/x509-svid.ts";
import { extension, NOW, platform, read, testCa } from "./forge.ts";
import { expectationOf, ID, mint, minter, profileFor, trustDomain, type Minter } from "./mint.ts";
import { newKey } from "../../fakes/private-key.ts";

const HASHES: readonly HashName[] = ["SHA-256", "SHA-384", "SHA-512"];
const CA_SCHEMES: readonly [KeyKind, SignatureScheme][] = [
  ["P-256", { name: "ECDSA", hash: "SHA-256" }],
  ["P-384", { name: "ECDSA", hash: "SHA-384" }],
  ["Ed25519", { name: "Ed25519" }],
  ["RSA-2048", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
  ["RSA-2048", { name: "RSA-PSS", hash: "SHA-512" }],
];

let ca: Minter;
let spki: Uint8Array;
beforeAll(async () => {
  ca = await minter("P-256");
  ({ spki } = (await platform.generateKey("P-256")).publicKey);
});

describe("an issued certificate", () => {
  it.each(CA_SCHEMES)("is linted and verified under a %s CA, %o", async (kind, scheme) => {
    const by = await minter(kind, scheme);
    for (const workload of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const) {
      const key = (await newKey(platform, workload)).publicKey;
      const profile = await profileFor(key.spki);
      const linted = lintX509SvidTbs(
        buildX509SvidTbs(by.issuer, profile),
        expectationOf(profile, by),
      );
      expect(linted).toMatchObject({
        ok: true,
        value: { notBefore: NOW - 30, notAfter: NOW + 3600 },
      });
      const chain = [await mint(profile, by)];
      const verified = await verifyX509Svid(chain, [by.certificate], trustDomain, NOW, platform);
      expect(verified.ok && verified.value.spiffeId.uri).toBe(ID);
      expect(verified.ok && verified.value.leaf.serial).toEqual(profile.serial);
    }
  });

  it("has the fields of the profile and no others", async () => {
    const { extensions, subject, info } = read(await mint(await profileFor(spki), ca));
    expect(subject.rdns).toEqual([]);
    expect(info.type).toBe("EC");
    expect(extensions).toEqual({
      keyUsage: { uses: new Set(["digitalSignature"]), critical: true },
      extendedKeyUsage: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
      basicConstraints: { ca: false, critical: true },
      authorityKeyId: ca.issuer.keyId,
      subjectKeyId: await subjectKeyIdOf(spki, platform),
      subjectAltName: { names: [{ type: "uri", value: ID }], critical: true },
      unknownCritical: [],
    });
  });

  it("verifies through an intermediate of this process", async () => {
    const below = await minter("P-256", undefined, ca);
    const chain = [await mint(await profileFor(spki), below), below.certificate.raw];
    const verified = await verifyX509Svid(chain, [ca.certificate], trustDomain, NOW, platform);
    expect(verified.ok && verified.value.path.length).toBe(3);
    const tooDeep = await minter("P-256", undefined, below);
    const longer = [
      await mint(await profileFor(spki), tooDeep),
      tooDeep.certificate.raw,
      below.certificate.raw,
    ];
    expect((await verifyX509Svid(longer, [ca.certificate], trustDomain, NOW, platform)).ok).toBe(
      false,
    );
  });

  it("is the same for the same inputs, to the byte", async () => {
    const profile = await profileFor(spki);
    expect(buildX509SvidTbs(ca.issuer, profile)).toEqual(
      buildX509SvidTbs(ca.issuer, { ...profile }),
    );
  });

  it("keeps one form from one octet of path to the longest id, and beyond 2049", async () => {
    const longest = `spiffe://${trustDomain}/`;
    for (const length of [
      1,
      60,
      61,
      62,
      63,
      90,
      91,
      92,
      93,
      94,
      200,
      216,
      217,
      218,
      230,
      500,
      2048 - longest.length,
    ]) {
      const spiffeId = longest + "a".repeat(length);
      const profile = await profileFor(spki, { spiffeId });
      const tbs = buildX509SvidTbs(ca.issuer, profile);
      expect(lintX509SvidTbs(tbs, expectationOf(profile, ca)).ok, `${length}`).toBe(true);
      expect(parseCertificate(await mint(profile, ca)).ok, `${length}`).toBe(true);
    }
    const late = { notBefore: 2_524_607_970, notAfter: 2_524_608_000 };
    const profile = await profileFor(spki, late);
    expect(read(await mint(profile, ca))).toMatchObject(late);
    const expected = { ...expectationOf(profile, ca), now: 2_524_607_990 };
    const issuer = { ...expected.issuer, notAfter: 2_600_000_000 };
    expect(
      lintX509SvidTbs(buildX509SvidTbs(ca.issuer, profile), { ...expected, issuer }),
    ).toMatchObject({ ok: true, value: late });
  });

  it("throws rather than cut a name to octets", async () => {
    const profile = await profileFor(spki, { spiffeId: `${ID}\u0161` });
    expect(() => buildX509SvidTbs(ca.issuer, profile)).toThrow(RangeError);
  });

  it("throws for a CA without a subject key identifier", async () => {
    const bare = await testCa("bare", { extensions: [extension.ca()] });
    expect(() => x509Issuer(bare.certificate, ca.scheme)).toThrow(RangeError);
  });
});

describe("serialNumber", () => {
  it("is positive and of 17 octets whatever the dice say", () => {
    for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
      const serial = serialNumber(new Uint8Array(17).fill(byte));
      expect(serial.length).toBe(17);
      expect((serial[0] ?? 0) >> 6).toBe(1);
    }
    expect(() => serialNumber(new Uint8Array(16))).toThrow(RangeError);
  });
});

describe("subjectKeyIdOf", () => {
  it("hashes what follows the algorithm, for every kind of key", async () => {
    for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const) {
      const { spki: der, info } = (await newKey(platform, kind)).publicKey;
      const bits =
        info.type === "EC"
          ? Uint8Array.of(4, ...info.x, ...info.y)
          : info.type === "Ed25519"
            ? info.x
            : undefined;
      const keyId = await subjectKeyIdOf(der, platform);
      expect(keyId.length).toBe(20);
      if (bits === undefined) continue;
      expect(toHex(keyId)).toBe(toHex(await platform.digest("SHA-256", bits)).slice(0, 40));
    }
  });
});

describe("the lint's own constants", () => {
  it("agree with what the encoder writes", () => {
    const schemes: SignatureScheme[] = [{ name: "Ed25519" }];
    for (const hash of HASHES)
      for (const name of ["RSASSA-PKCS1-v1_5", "RSA-PSS", "ECDSA"] as const)
        schemes.push({ name, hash });
    for (const scheme of schemes)
      expect(toHex(algorithmBytes(scheme) ?? seq())).toBe(toHex(signatureAlgorithmOf(scheme)));
  });
});
