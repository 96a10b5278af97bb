import type { SignatureScheme } from "../../../src/encoding/primitives.ts";
import type { KeyKind, PrivateKey } from "../../../src/platform/platform.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { parseCertificate, type Certificate } from "../../../src/svid/certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import {
  assembleCertificate,
  buildX509SvidTbs,
  serialNumber,
  x509Issuer,
  type X509Issuer,
  type X509SvidProfile,
} from "../../../src/svid/x509-svid.ts";
import type { X509SvidExpectation } from "../../../src/svid/x509-lint.ts";
import { NOW, platform, SCHEMES } from "./forge.ts";
import { newKey } from "../../fakes/private-key.ts";

/** CAs and leaves by the code under test. */

const TRUST_DOMAIN = parseTrustDomain("prod.example.org");
if (!TRUST_DOMAIN.ok) throw new Error("trust domain");
export const trustDomain = TRUST_DOMAIN.value;
export const ID = "spiffe://prod.example.org/payments/api";

export interface Minter {
  readonly key: PrivateKey;
  readonly scheme: SignatureScheme;
  readonly certificate: Certificate;
  readonly issuer: X509Issuer;
}

/** A root with its own key, or an intermediate below another. */
export async function minter(
  kind: KeyKind,
  scheme: SignatureScheme = SCHEMES[kind],
  by?: Minter,
): Promise<Minter> {
  const key = await newKey(platform, kind);
  const { spki } = key.publicKey;
  const signing = by ?? { key, scheme };
  const tbs = buildCaTbs({
    trustDomain,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: NOW - 3600,
    notAfter: NOW + 86_400,
    pathLength: by === undefined ? 1 : 0,
    scheme: signing.scheme,
    ...(by === undefined
      ? {}
      : { issuer: { name: by.certificate.subject.raw, keyId: by.issuer.keyId } }),
  });
  const signature = await platform.sign(signing.scheme, signing.key, tbs);
  const parsed = parseCertificate(assembleCertificate(tbs, signing.scheme, signature));
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return { key, scheme, certificate: parsed.value, issuer: x509Issuer(parsed.value, scheme) };
}

export async function profileFor(
  spki: Uint8Array,
  change: Partial<X509SvidProfile> = {},
): Promise<X509SvidProfile> {
  return {
    spiffeId: ID,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: NOW - 30,
    notAfter: NOW + 3600,
    ...change,
  };
}

export function expectationOf(profile: X509SvidProfile, by: Minter): X509SvidExpectation {
  return {
    spiffeId: profile.spiffeId,
    trustDomain,
    spki: profile.spki,
    subjectKeyId: profile.subjectKeyId,
    scheme: by.scheme,
    issuer: {
      name: by.certificate.subject.raw,
      keyId: by.issuer.keyId,
      notAfter: by.certificate.notAfter,
    },
    now: NOW,
    latestNotAfter: profile.notAfter,
  };
}

export async function mint(profile: X509SvidProfile, by: Minter): Promise<Uint8Array> {
  const tbs = buildX509SvidTbs(by.issuer, profile);
  return assembleCertificate(tbs, by.scheme, await platform.sign(by.scheme, by.key, tbs));
}
