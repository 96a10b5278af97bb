import "reflect-metadata";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { quickly, svidmint, temporaryFolders, type Ran } from "./run.ts";

const folder = temporaryFolders();
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function keyPair(): Promise<CryptoKeyPair> {
  const usages: KeyUsage[] = ["sign", "verify"];
  return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, usages);
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A leaf and its authority, as another implementation writes them. */
async function chain(
  uri: string,
): Promise<{ leaf: x509.X509Certificate; root: x509.X509Certificate }> {
  x509.cryptoProvider.set(crypto);
  const [authority, workload] = await Promise.all([keyPair(), keyPair()]);
  const times = {
    notBefore: new Date("2026-01-01T00:00:00Z"),
    notAfter: new Date("2046-01-01T00:00:00Z"),
  };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...times,
    serialNumber: "01",
    name: "CN=Lab root,O=Example",
    keys: authority,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.SubjectAlternativeNameExtension([
        { type: "url", value: "spiffe://lab.example.org" },
      ]),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...times,
    serialNumber: "02",
    subject: "",
    issuer: root.subject,
    publicKey: workload.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: uri }], true),
    ],
  });
  return { leaf, root };
}

describe("svidmint inspect", () => {
  it("puts a chain into words, from a file and from standard input", async () => {
    const cwd = await folder();
    const { leaf, root } = await chain("spiffe://lab.example.org/api");
    const pem = `${leaf.toString("pem")}\n${root.toString("pem")}\n`;
    await writeFile(join(cwd, "chain.pem"), pem);
    const ran = await svidmint(["inspect", "chain.pem"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("Certificate 1 of 2: X.509-SVID");
    expect(ran.stdout).toMatch(/SPIFFE ID +spiffe:\/\/lab\.example\.org\/api\n/);
    expect(ran.stdout).toContain("Certificate 2 of 2: SPIFFE certificate authority");
    expect(ran.stdout).toContain("CN=Lab root, O=Example (self-issued)");
    expect(ran.stdout).toContain("2026-01-01T00:00:00Z to 2046-01-01T00:00:00Z");
    expect(ran.stdout).toContain("yes, path length 1");
    expect(ran.stdout).toContain("not verified");
    // Between the two a second may pass, or the hour end.
    const timeless = ({ stdout, ...rest }: Ran) => ({
      ...rest,
      stdout: stdout.replaceAll(/(?<=now +good for another )\d.*/g, "a while"),
    });
    const piped = await quickly(["inspect", "-"], { input: pem });
    expect(timeless(piped)).toEqual(timeless(ran));
    expect(timeless(ran).stdout.match(/a while$/gm)).toHaveLength(2);
    const der = await quickly(["inspect", "--json"], { input: new Uint8Array(leaf.rawData) });
    expect(JSON.parse(der.stdout)).toMatchObject([
      {
        kind: "certificate",
        spiffe_ids: ["spiffe://lab.example.org/api"],
        serial: "02",
        ca: false,
        not_after: 2398377600,
      },
    ]);
  });

  it("says why a certificate is no X.509-SVID", async () => {
    const { leaf } = await chain("spiffe://lab.example.org");
    const ran = await quickly(["inspect"], { input: leaf.toString("pem") });
    expect(ran.stdout).toContain("not an X.509-SVID (its SPIFFE ID has no path)");
  });

  it("puts a token into words without its signature", async () => {
    const token = `${part({ alg: "ES256", typ: "JWT", kid: "a" })}.${part({ sub: "spiffe://lab.example.org/api", aud: "x", exp: 1_700_000_000, evil: "\u001b[2J\r\n\u202e" })}.c2lnbmF0dXJl`;
    const ran = await quickly(["inspect"], { input: `Bearer ${token}\n` });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("JWT-SVID");
    expect(ran.stdout).toContain("2023-11-14T22:13:20Z (1700000000)");
    expect(ran.stdout).toMatch(/now +expired/);
    expect(ran.stdout).toContain("\\u001b[2J\\u000d\\u000a\\u202e");
    expect(ran.stdout).not.toContain("c2lnbmF0dXJl");
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(ran.stdout).not.toMatch(/[^\n\x20-\x7e]/);
  });

  it("names the key that a WIT-SVID is for, alone or in an answer", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = { ...publicKey.export({ format: "jwk" }), alg: "ES256" };
    const claims = { sub: "spiffe://lab.example.org/api", exp: 1_700_000_000, cnf: { jwk } };
    const token = `${part({ alg: "ES256", typ: "wit+jwt", kid: "a" })}.${part(claims)}.c2lnbmF0dXJl`;
    const answer = JSON.stringify({ spiffe_id: claims.sub, wit: { token }, bundle: { keys: [] } });
    for (const input of [token, answer]) {
      const ran = await quickly(["inspect"], { input }); // oxlint-disable-line no-await-in-loop -- two
      expect(ran.code).toBe(0);
      expect(ran.stdout).toMatch(/^WIT-SVID\n/);
      expect(ran.stdout).toContain(`P-256, thumbprint ${await calculateJwkThumbprint(jwk)}`); // oxlint-disable-line no-await-in-loop -- two
      expect(ran.stdout).not.toContain("c2lnbmF0dXJl");
    }
  });

  it("puts a bundle into words, and ignores uses it does not know", async () => {
    const { root } = await chain("spiffe://lab.example.org/api");
    const jwk = {
      kty: "EC",
      crv: "P-256",
      x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
      y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    };
    const bundle = {
      keys: [
        { ...jwk, use: "x509-svid", x5c: [root.toString("base64").replaceAll(/\s/g, "")] },
        { ...jwk, use: "jwt-svid", kid: "jwt-1" },
        { kty: "future", use: "other" },
      ],
      spiffe_sequence: 7,
      spiffe_refresh_hint: 300,
    };
    const ran = await quickly(["inspect"], { input: JSON.stringify(bundle) });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/SPIFFE bundle\n +sequence +7\n +refresh hint +5 min\n/);
    expect(ran.stdout).toMatch(
      /X\.509 authorities +1\n +JWT authorities +1\n +WIT authorities +0\n/,
    );
    expect(ran.stdout).toContain("jwt-1");
    expect(ran.stdout).toContain("CN=Lab root");
    expect(ran.stdout).toContain("not usable");
  });

  it("shows nothing of a private key but its public half", async () => {
    const cwd = await folder();
    await quickly(["key", "new", "--issuer", "https://id.example.org"], { cwd });
    const ran = await quickly(["inspect", "svid.key"], { cwd });
    expect(ran.stdout).toMatch(
      /^Private key \(its public half\)\n +key +P-256\n +thumbprint +[\w-]{43}\n$/,
    );
  });

  it.for<[string, string | Uint8Array]>([
    ["nothing", ""],
    ["binary", Uint8Array.from({ length: 4096 }, (_, index) => (index * 73) % 256)],
    ["random text", "hello there"],
    ["a broken certificate", new Uint8Array([0x30, 0x82, 0xff, 0xff, 0x30])],
    ["deep JSON", "[".repeat(100_000)],
    ["duplicate keys", '{"keys":[],"keys":[]}'],
    ["an unknown object", '{"a":1}'],
    ["keys of another type", '{"keys":{}}'],
    [
      "a PEM block of another label",
      "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n",
    ],
    ["a PEM block without end", "-----BEGIN CERTIFICATE-----\nAAAA\n"],
    ["two words with dots", "a.b.c d.e.f"],
  ])("fails on %s with one line and exit code 1", async ([, input]) => {
    const ran = await quickly(["inspect"], { input });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^svidmint: (?!unexpected)[\x20-\x7e]+\n$/);
  });

  it("does not read more than a few megabytes", async () => {
    const cwd = await folder();
    await writeFile(join(cwd, "huge"), Buffer.alloc(8 * 1024 * 1024, "A"));
    for (const ran of [
      await svidmint(["inspect", "huge"], { cwd }),
      await svidmint(["inspect", "/dev/zero"]),
      await quickly(["inspect"], { input: Buffer.alloc(8 * 1024 * 1024, "A") }),
    ]) {
      expect(ran).toMatchObject({ code: 2, stdout: "" });
      expect(ran.stderr).toContain("is longer than");
    }
  });
});
