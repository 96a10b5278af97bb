import { describe, expect, it } from "vitest";
import { ascii, implicit, octets, oid, seq, set, utf8 } from "../../src/encoding/der/writer.ts";
import { toHex } from "../../src/encoding/bytes.ts";
import type { KeyKind, Platform, PrivateKey } from "../../src/platform/platform.ts";
import type { IntermediateRequest, UpstreamCa } from "../../src/signer/backend.ts";
import { parseCertificate, type Certificate } from "../../src/svid/certificate.ts";
import { encodeExtension } from "../../src/svid/extension-writer.ts";
import { OID } from "../../src/svid/extensions.ts";
import { subjectKeyIdOf } from "../../src/svid/key-id.ts";
import { validatePath } from "../../src/svid/path.ts";
import { csrDer, extensionRequest } from "../fakes/csr.ts";
import { extension } from "../unit/svid/forge.ts";

const TRUST_DOMAIN = "prod.example.org";
const HOUR = 3600;

export interface IntermediateWish extends IntermediateRequest {
  readonly key: PrivateKey;
  readonly subject: Uint8Array;
}

/** As the issuer asks: a subject of its own, and every extension that the intermediate should have. */
export async function intermediateWish(
  platform: Platform,
  kind: KeyKind = "P-256",
): Promise<IntermediateWish> {
  const key = await platform.generateKey(kind);
  const keyId = await subjectKeyIdOf(key.publicKey.spki, platform);
  const subject = seq(
    set(seq(oid("2.5.4.10"), utf8("svidmint"))),
    set(seq(oid("2.5.4.3"), utf8(`ca ${toHex(keyId)}`))),
  );
  const extensions = [
    extension.ca(0),
    extension.keyUsage([5]),
    encodeExtension(OID.subjectKeyId, false, octets(keyId)),
    extension.uris([`spiffe://${TRUST_DOMAIN}`], false),
    // No DNS name, no address.
    extension.nameConstraints(
      [],
      [implicit(2, ascii("")), implicit(7, new Uint8Array(8)), implicit(7, new Uint8Array(32))],
    ),
  ];
  const csr = await csrDer(platform, key, {
    subject,
    attributes: [extensionRequest(...extensions)],
  });
  const notAfter = platform.now() + 2 * HOUR;
  return { key, subject, csr, trustDomain: TRUST_DOMAIN, notAfter };
}

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
