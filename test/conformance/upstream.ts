import { describe, expect, it } from "vitest";
import { toHex } from "../../src/encoding/bytes.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { UpstreamCa } from "../../src/signer/backend.ts";
import { parseCertificate, type Certificate } from "../../src/svid/certificate.ts";
import { subjectKeyIdOf } from "../../src/svid/key-id.ts";
import { validatePath } from "../../src/svid/path.ts";
import { intermediateWish, TRUST_DOMAIN } from "../fakes/intermediate-wish.ts";

export interface UpstreamSubject {
  readonly ca: UpstreamCa;
  /** DER. */
  readonly root: Uint8Array;
  /** False: the CA's own template says what an intermediate has, whatever is asked for. */
  readonly keepsNames?: boolean;
}

/** What every CA that certifies intermediates does alike, be it in this process or a service. */
export function upstreamConformance(
  name: string,
  platform: Platform,
  make: () => Promise<UpstreamSubject>,
): void {
  describe(`UpstreamCa: ${name}`, () => {
    it.each(["P-256", "P-384"] as const)(
      "certifies a %s key: a CA of path length 0, in the form that was asked for",
      async (kind) => {
        const { ca, keepsNames = true } = await make();
        const wish = await intermediateWish(platform, kind);
        const [intermediate] = (await ca.certify(wish)).map(read);
        expect(intermediate?.spki).toEqual(wish.key.publicKey.spki);
        expect(intermediate?.subject.raw).toEqual(wish.subject);
        expect(intermediate?.notAfter).toBeLessThanOrEqual(wish.notAfter);
        expect(intermediate?.extensions).toMatchObject({
          basicConstraints: { ca: true, pathLength: 0, critical: true },
          subjectAltName: { names: [{ type: "uri", value: `spiffe://${TRUST_DOMAIN}` }] },
          subjectKeyId: await subjectKeyIdOf(wish.key.publicKey.spki, platform),
        });
        expect([...(intermediate?.extensions.keyUsage?.uses ?? [])]).toContain("keyCertSign");
        const excluded = intermediate?.extensions.nameConstraints?.excluded;
        expect(excluded?.map(({ type }) => type)).toEqual(
          keepsNames ? ["dns", "ip", "ip"] : undefined,
        );
      },
    );

    it("answers with the path to its root, in order", async () => {
      const { ca, root } = await make();
      const wish = await intermediateWish(platform);
      const [intermediate, ...between] = (await ca.certify(wish)).map(read);
      if (intermediate === undefined) throw new Error("no certificate");
      const rules = { now: platform.now(), leaf: "any" } as const;
      const path = await validatePath(intermediate, between, [read(root)], rules, platform);
      expect(path.ok && path.value.slice(0, -1).map(({ raw }) => toHex(raw))).toEqual(
        [intermediate, ...between]
          .map(({ raw }) => toHex(raw))
          .filter((hex) => hex !== toHex(root)),
      );
    });

    it("certifies many at once, each its own key under its own number", async () => {
      const { ca } = await make();
      const wishes = await Promise.all(
        Array.from({ length: 5 }, async () => intermediateWish(platform)),
      );
      const answers = await Promise.all(wishes.map((wish) => ca.certify(wish)));
      const certificates = answers.map(([der = new Uint8Array(0)]) => read(der));
      expect(certificates.map(({ spki }) => toHex(spki))).toEqual(
        wishes.map(({ key }) => toHex(key.publicKey.spki)),
      );
      expect(new Set(certificates.map(({ serial }) => toHex(serial))).size).toBe(5);
    });
  });
}

function read(der: Uint8Array): Certificate {
  const parsed = parseCertificate(der);
  if (!parsed.ok) throw new Error(`unreadable: ${parsed.error.detail}`);
  return parsed.value;
}
