import { beforeAll, describe, expect, it } from "vitest";
import { decodePem } from "../../../src/encoding/pem.ts";
import { prepareX509 } from "../../../src/issuer/mint.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { X509Key } from "../../../src/signer/authority.ts";
import { parseCertificate, type Certificate } from "../../../src/svid/certificate.ts";
import { NOW, platform } from "../svid/forge.ts";
import { ID, minter, trustDomain, type Minter } from "../svid/mint.ts";

let ca: Minter;
let workload: PrivateKey;
beforeAll(async () => {
  [ca, workload] = [await minter("P-256"), await platform.generateKey("P-256")];
});

/** The certificate of an hour, and when it is said to end; or why there is none. */
async function mint(now: number): Promise<{ leaf: Certificate; expiresAt: number } | string> {
  const { scheme, issuer } = ca;
  const signer: X509Key["signer"] = {
    id: "root",
    algorithm: "ES256",
    scheme,
    publicKey: ca.key.publicKey,
    sign: (bytes) => platform.sign(scheme, ca.key, bytes),
  };
  const prepared = await prepareX509(
    { signer, issuer, chainPem: "" },
    { key: workload.publicKey },
    3600,
    {
      platform,
      now,
      random: (length) => platform.random(length),
      trustDomain,
      issuer: "https://id.prod.example.org",
      spiffeId: ID,
    },
  );
  if (!prepared.ok) return prepared.error.reason;
  const blocks = decodePem(await prepared.value.sign(), "CERTIFICATE");
  const parsed = parseCertificate(
    blocks.ok ? (blocks.value[0] ?? new Uint8Array()) : new Uint8Array(),
  );
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return { leaf: parsed.value, expiresAt: prepared.value.expiresAt };
}

describe("the life of a certificate", () => {
  it("begins 30 seconds ago and lasts as long as was granted", async () => {
    expect(await mint(NOW)).toMatchObject({
      leaf: { notBefore: NOW - 30, notAfter: NOW + 3600 },
      expiresAt: NOW + 3600,
    });
  });

  it("ends with that of its CA, and does not begin before it", async () => {
    const { notBefore, notAfter } = ca.certificate;
    expect(await mint(notAfter - 10)).toMatchObject({ leaf: { notAfter }, expiresAt: notAfter });
    expect(await mint(notBefore + 5)).toMatchObject({ leaf: { notBefore } });
  });

  it("is none where the CA has ended", async () => {
    expect(await mint(ca.certificate.notAfter)).toBe("signer_unavailable");
  });
});
