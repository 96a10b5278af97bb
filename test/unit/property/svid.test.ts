import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { PublicKey } from "../../../src/encoding/primitives.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { verifyJwtSvid } from "../../../src/svid/verify-jwt-svid.ts";
import { verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import { lintX509SvidTbs } from "../../../src/svid/x509-lint.ts";
import {
  assembleCertificate,
  buildX509SvidTbs,
  serialNumber,
} from "../../../src/svid/x509-svid.ts";
import { NOW, platform } from "../svid/forge.ts";
import { expectationOf, minter, profileFor, trustDomain, type Minter } from "../svid/mint.ts";
import { newKey } from "../../fakes/private-key.ts";
import { nearly } from "./mutants.ts";

const KINDS: readonly KeyKind[] = ["P-256", "P-384", "RSA-2048", "Ed25519"];
const segment = fc
  .stringMatching(/^[a-zA-Z0-9._-]{1,40}$/)
  .filter((text) => text !== "." && text !== "..");
const path = fc
  .array(segment, { minLength: 1, maxLength: 8 })
  .map((parts) => `/${parts.join("/")}`);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

let cas: readonly Minter[];
let keys: readonly PublicKey[];
let sample: Uint8Array;
beforeAll(async () => {
  cas = await Promise.all(KINDS.map(async (kind) => minter(kind)));
  keys = await Promise.all(KINDS.map(async (kind) => (await newKey(platform, kind)).publicKey));
  const [ca] = cas;
  const [key] = keys;
  if (ca === undefined || key === undefined) throw new Error("no keys");
  const tbs = buildX509SvidTbs(ca.issuer, await profileFor(key.spki));
  sample = assembleCertificate(tbs, ca.scheme, await platform.sign(ca.scheme, ca.key, tbs));
});

describe("whatever the policy decides", () => {
  it("an issued certificate passes the lint and verifies as exactly that identity", async () => {
    const inputs = fc.record({
      path,
      random: bytes(17),
      ca: fc.nat(KINDS.length - 1),
      key: fc.nat(KINDS.length - 1),
      ttl: fc.integer({ min: 1, max: 86_400 }),
    });
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const ca = cas[input.ca];
        const key = keys[input.key];
        if (ca === undefined || key === undefined) return;
        const spiffeId = `spiffe://${trustDomain}${input.path}`;
        const notAfter = NOW + input.ttl;
        const serial = serialNumber(input.random);
        const profile = await profileFor(key.spki, { spiffeId, notAfter, serial });
        const tbs = buildX509SvidTbs(ca.issuer, profile);
        expect(lintX509SvidTbs(tbs, expectationOf(profile, ca))).toEqual({
          ok: true,
          value: { serial, notBefore: NOW - 30, notAfter },
        });
        const signature = await platform.sign(ca.scheme, ca.key, tbs);
        const chain = [assembleCertificate(tbs, ca.scheme, signature)];
        const verified = await verifyX509Svid(chain, [ca.certificate], trustDomain, NOW, platform);
        expect(verified.ok && verified.value.spiffeId.uri).toBe(spiffeId);
      }),
      { numRuns: 60 },
    );
  });

  it("bytes for one workload never pass the lint for another", async () => {
    await fc.assert(
      fc.asyncProperty(path, path, async (one, another) => {
        const [ca] = cas;
        const [key] = keys;
        if (ca === undefined || key === undefined || one === another) return;
        const spiffeId = `spiffe://${trustDomain}${one}`;
        const profile = await profileFor(key.spki, { spiffeId });
        const expected = {
          ...expectationOf(profile, ca),
          spiffeId: `spiffe://${trustDomain}${another}`,
        };
        expect(lintX509SvidTbs(buildX509SvidTbs(ca.issuer, profile), expected).ok).toBe(false);
      }),
    );
  });
});

describe("whatever is sent", () => {
  it("the certificate reader, the lint and the verifiers never throw", async () => {
    const [ca] = cas;
    const [key] = keys;
    if (ca === undefined || key === undefined) throw new Error("no keys");
    const expected = expectationOf(await profileFor(key.spki), ca);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), async (der, text) => {
        expect(parseCertificate(der).ok).toBe(false);
        expect(lintX509SvidTbs(der, expected).ok).toBe(false);
        const rules = { trustDomain, audience: "a", now: NOW };
        expect((await verifyJwtSvid(text, [], rules, platform)).ok).toBe(false);
      }),
    );
  });

  it("the certificate reader never throws on what is nearly a certificate", () => {
    const count = { read: 0, refused: 0 };
    fc.assert(
      fc.property(nearly(sample), (der) => {
        count[parseCertificate(der).ok ? "read" : "refused"]++;
      }),
      { numRuns: 2000 },
    );
    expect(count.read).toBeGreaterThan(200);
    expect(count.refused).toBeGreaterThan(200);
  });

  it("the lint passes nothing that differs in more than its number", async () => {
    const [ca] = cas;
    const [key] = keys;
    if (ca === undefined || key === undefined) throw new Error("no keys");
    const profile = await profileFor(key.spki);
    const good = buildX509SvidTbs(ca.issuer, profile);
    const expected = expectationOf(profile, ca);
    const count = { passed: 0, read: 0 };
    const signed = (tbs: Uint8Array) =>
      parseCertificate(assembleCertificate(tbs, ca.scheme, new Uint8Array(64).fill(1)));
    fc.assert(
      fc.property(nearly(good), (tbs) => {
        const linted = lintX509SvidTbs(tbs, expected);
        const read = signed(tbs);
        if (read.ok) count.read++;
        if (!linted.ok) return;
        count.passed++;
        const { serial, notBefore, notAfter } = linted.value;
        expect(buildX509SvidTbs(ca.issuer, { ...profile, serial, notBefore, notAfter })).toEqual(
          tbs,
        );
        expect(read.ok).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(count.passed).toBeGreaterThan(10);
    expect(count.read).toBeGreaterThan(300);
  });

  it("no certificate with a byte changed verifies", async () => {
    const [ca] = cas;
    if (ca === undefined) throw new Error("no ca");
    const change = fc.record({
      at: fc.nat(sample.length - 1),
      by: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, by }) => {
        const changed = sample.with(at, (sample[at] ?? 0) ^ by);
        const result = await verifyX509Svid(
          [changed],
          [ca.certificate],
          trustDomain,
          NOW,
          platform,
        );
        expect(result.ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
