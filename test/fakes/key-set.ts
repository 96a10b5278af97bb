import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import { ok } from "../../src/result.ts";
import type { KeySet, PublishedKeys } from "../../src/signer/key-set.ts";
import type { Signer } from "../../src/signer/signer.ts";
import type { TrustDomain } from "../../src/spiffe/trust-domain.ts";
import { buildCaTbs } from "../../src/svid/ca-certificate.ts";
import { parseCertificate } from "../../src/svid/certificate.ts";
import { subjectKeyIdOf } from "../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber, x509Issuer } from "../../src/svid/x509-svid.ts";

const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY = 86_400;

/** A signer that counts, and that a test can break. */
interface FakeSigner extends Signer {
  signed: Uint8Array[];
  /** Throws, or gives another signature. */
  fault: ((signature: Uint8Array) => Uint8Array) | undefined;
}

export interface FakeKeySet extends KeySet {
  readonly x509Signer: FakeSigner;
  readonly jwtSigner: FakeSigner;
  readonly witSigner: FakeSigner;
  readonly root: Uint8Array;
}

/** One root, one JWT and one WIT key, active for ever: real keys, a ledger of what they signed. */
export async function fakeKeySet(
  platform: Platform,
  trustDomain: TrustDomain,
): Promise<FakeKeySet> {
  const [caKey, jwtKey, witKey] = [
    await platform.generateKey("P-256"),
    await platform.generateKey("P-256"),
    await platform.generateKey("P-256"),
  ];
  const subjectKeyId = await subjectKeyIdOf(caKey.publicKey.spki, platform);
  const tbs = buildCaTbs({
    trustDomain,
    spki: caKey.publicKey.spki,
    subjectKeyId,
    serial: serialNumber(platform.random(17)),
    notBefore: platform.now() - DAY,
    notAfter: platform.now() + 3650 * DAY,
    pathLength: 1,
    scheme: ES256,
  });
  const root = assembleCertificate(tbs, ES256, await platform.sign(ES256, caKey, tbs));
  const certificate = parseCertificate(root);
  if (!certificate.ok) throw new Error(certificate.error.detail);
  const x509Signer = signer(platform, "root", caKey);
  const jwtSigner = signer(platform, "jwt", jwtKey);
  const witSigner = signer(platform, "wit", witKey);
  const kid = await thumbprint(platform, jwtKey.publicKey.info);
  const witKid = await thumbprint(platform, witKey.publicKey.info);
  const published: PublishedKeys = {
    x509: [{ certificate: root, info: caKey.publicKey.info }],
    jwt: [{ kid, info: jwtKey.publicKey.info, alg: "ES256" }],
    wit: [{ kid: witKid, info: witKey.publicKey.info, alg: "ES256" }],
    sequence: platform.now() - DAY,
    witSequence: platform.now() - DAY,
    refreshHint: 300,
  };
  const issuer = x509Issuer(certificate.value, ES256);
  const authority = { key: () => ok({ signer: x509Signer, issuer, chainPem: "" }) };
  return {
    uses: new Set(["x509", "jwt", "wit"]),
    thumbprints: new Set([kid, witKid, await thumbprint(platform, caKey.publicKey.info)]),
    x509: () => authority,
    jwt: () => ({ signer: jwtSigner, kid }),
    wit: () => ({ signer: witSigner, kid: witKid }),
    published: () => published,
    x509Signer,
    jwtSigner,
    witSigner,
    root,
  };
}

function signer(platform: Platform, id: string, key: PrivateKey): FakeSigner {
  return {
    id,
    algorithm: "ES256",
    scheme: ES256,
    publicKey: key.publicKey,
    signed: [],
    fault: undefined,
    async sign(data) {
      this.signed.push(data);
      const signature = await platform.sign(ES256, key, data);
      return this.fault?.(signature) ?? signature;
    },
  };
}
