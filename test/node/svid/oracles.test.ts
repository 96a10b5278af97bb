import "reflect-metadata";
import { execFileSync } from "node:child_process";
import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as peculiar from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { platform, NOW } from "../../unit/svid/forge.ts";
import { ID, mint, minter, profileFor, type Minter } from "../../unit/svid/mint.ts";

const KINDS: readonly KeyKind[] = ["P-256", "P-384", "RSA-2048", "Ed25519"];

let folder: string;
const cas = new Map<KeyKind, { readonly root: Minter; readonly between: Minter }>();
const spkis = new Map<KeyKind, Uint8Array>();
beforeAll(async () => {
  for (const kind of KINDS) {
    const root = await minter(kind);
    cas.set(kind, { root, between: await minter(kind, undefined, root) });
    spkis.set(kind, (await platform.generateKey(kind)).publicKey.spki);
  }
  folder = await mkdtemp(join(tmpdir(), "svidmint-oracles-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const pairs = KINDS.flatMap((ca) => KINDS.map((key) => ({ ca, key })));
async function issued(ca: KeyKind, key: KeyKind) {
  const [by, spki] = [cas.get(ca), spkis.get(key)];
  if (by === undefined || spki === undefined) throw new Error("no keys");
  const profile = await profileFor(spki);
  return {
    by: by.root,
    between: by.between,
    leaf: await mint(profile, by.root),
    below: await mint(profile, by.between),
    serial: toHex(profile.serial),
  };
}

describe.each(pairs)("a $key certificate of a $ca CA", ({ ca, key }) => {
  it("is read alike by node:crypto, and its signature verifies there", async () => {
    const { by, leaf, serial } = await issued(ca, key);
    const [read, root] = [new X509Certificate(leaf), new X509Certificate(by.certificate.raw)];
    expect(read.subjectAltName).toBe(`URI:${ID}`);
    expect(read.serialNumber.toLowerCase()).toBe(serial);
    expect(read.subject).toBeUndefined();
    expect(read.issuer).toBe(root.subject);
    expect(read.ca).toBe(false);
    expect(root.ca).toBe(true);
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(Date.parse(read.validFrom) / 1000).toBe(NOW - 30);
    expect(Date.parse(read.validTo) / 1000).toBe(NOW + 3600);
    expect(read.checkIssued(root)).toBe(true);
    expect(read.verify(root.publicKey)).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
  });

  it("is read alike by @peculiar/x509", async () => {
    const { by, leaf, serial } = await issued(ca, key);
    const read = new peculiar.X509Certificate(leaf.slice());
    expect(read.serialNumber).toBe(serial);
    expect(read.subject).toBe("");
    const names = read.getExtension(peculiar.SubjectAlternativeNameExtension);
    expect(names?.critical).toBe(true);
    expect(names?.names.toJSON()).toEqual([{ type: "url", value: ID }]);
    expect(read.getExtension(peculiar.BasicConstraintsExtension)).toMatchObject({
      ca: false,
      critical: true,
    });
    expect(read.getExtension(peculiar.KeyUsagesExtension)).toMatchObject({
      usages: peculiar.KeyUsageFlags.digitalSignature,
      critical: true,
    });
    expect(read.getExtension(peculiar.ExtendedKeyUsageExtension)?.usages.length).toBe(2);
    const keyId = read.getExtension(peculiar.AuthorityKeyIdentifierExtension)?.keyId;
    expect(keyId).toBe(toHex(by.issuer.keyId));
    expect(read.extensions.length).toBe(6);
    const root = new peculiar.X509Certificate(by.certificate.raw.slice());
    expect(root.getExtension(peculiar.BasicConstraintsExtension)).toMatchObject({
      ca: true,
      pathLength: 1,
      critical: true,
    });
    expect(root.getExtension(peculiar.KeyUsagesExtension)?.usages).toBe(
      peculiar.KeyUsageFlags.keyCertSign,
    );
    expect(
      await read.verify({ publicKey: await root.publicKey.export(), signatureOnly: true }),
    ).toBe(true);
  });

  it("is verified by openssl", async ({ skip }) => {
    if (!hasOpenssl()) skip("no openssl");
    const { by, between, leaf, below } = await issued(ca, key);
    const [rootFile, leafFile, betweenFile, belowFile] = await Promise.all(
      [by.certificate.raw, leaf, between.certificate.raw, below].map(async (der, at) => {
        const file = join(folder, `${ca}-${key}-${at}.pem`);
        await writeFile(file, encodePem("CERTIFICATE", der));
        return file;
      }),
    );
    const common = ["verify", "-x509_strict", "-attime", `${NOW}`, "-CAfile", `${rootFile}`];
    for (const purpose of ["sslserver", "sslclient"]) {
      expect(openssl([...common, "-purpose", purpose, `${leafFile}`])).toContain(": OK");
      expect(
        openssl([...common, "-purpose", purpose, "-untrusted", `${betweenFile}`, `${belowFile}`]),
      ).toContain(": OK");
    }
    expect(() => openssl([...common, `${belowFile}`])).toThrow(
      "unable to get local issuer certificate",
    );
  });
});

describe("our reader and node:crypto", () => {
  it("see the same in certificates of @peculiar/x509", async () => {
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const made = await peculiar.X509CertificateGenerator.createSelfSigned({
      serialNumber: "0123456789abcdef",
      name: "CN=root, O=Example",
      notBefore: new Date(NOW * 1000),
      notAfter: new Date((NOW + 60) * 1000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new peculiar.BasicConstraintsExtension(true, 2, true),
        new peculiar.KeyUsagesExtension(
          peculiar.KeyUsageFlags.keyCertSign | peculiar.KeyUsageFlags.cRLSign,
          true,
        ),
        await peculiar.SubjectKeyIdentifierExtension.create(keys.publicKey),
        new peculiar.SubjectAlternativeNameExtension([
          { type: "url", value: "spiffe://example.org" },
        ]),
      ],
    });
    const parsed = parseCertificate(new Uint8Array(made.rawData));
    if (!parsed.ok) throw new Error(parsed.error.detail);
    expect(parsed.value).toMatchObject({
      version: 3,
      notBefore: NOW,
      notAfter: NOW + 60,
      scheme: { name: "ECDSA", hash: "SHA-256" },
      extensions: {
        basicConstraints: { ca: true, pathLength: 2, critical: true },
        subjectAltName: {
          names: [{ type: "uri", value: "spiffe://example.org" }],
          critical: false,
        },
      },
    });
    const { tbs, spki, signature } = parsed.value;
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    expect(verify("sha256", tbs, key, signature)).toBe(true);
  });
});

function openssl(args: readonly string[]): string {
  return execFileSync("openssl", args, { stdio: "pipe", encoding: "utf8" });
}
function hasOpenssl(): boolean {
  try {
    openssl(["version"]);
    return true;
  } catch {
    return false;
  }
}
