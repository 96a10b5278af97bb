import { execFileSync } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { calculateJwkThumbprint, compactVerify, decodeJwt, exportJWK, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
const ISSUER = "https://id.example.org";

describe("svidmint key new", () => {
  it.for(["p256", "p384", "rsa2048", "ed25519"])(
    "makes a %s key that only its owner reads, and its CSR",
    async (type) => {
      const cwd = await folder();
      const ran = await quickly(["key", "new", "--type", type, "--issuer", ISSUER, "--json"], {
        cwd,
      });
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect((await stat(join(cwd, "svid.key"))).mode & 0o777).toBe(0o600);
      const pem = await readFile(join(cwd, "svid.key"), "utf8");
      const csr = await readFile(join(cwd, "svid.csr"), "utf8");
      const jkt = await calculateJwkThumbprint(await exportJWK(createPublicKey(pem)));
      expect(json(ran)).toEqual({
        key: "svid.key",
        csr: "svid.csr",
        thumbprint: jkt,
        s: `${ISSUER}/jkt/${jkt}`,
        csr_pem: csr,
      });
      expect(ran.stdout).not.toContain("PRIVATE");
      const inspected = await quickly(["inspect", "svid.csr", "--json"], { cwd });
      expect(JSON.parse(inspected.stdout)).toMatchObject([
        { kind: "csr", thumbprint: jkt, signature_valid: true },
      ]);
    },
  );

  it("is taken by OpenSSL, where it is here", async ({ skip }) => {
    const cwd = await folder();
    try {
      execFileSync("openssl", ["version"], { stdio: "pipe" });
    } catch {
      skip("no openssl");
    }
    await svidmint(["key", "new", "--issuer", ISSUER], { cwd });
    const verified = execFileSync("openssl", ["req", "-in", "svid.csr", "-verify", "-noout"], {
      cwd,
      stdio: "pipe",
      encoding: "utf8",
    });
    expect(verified).toBe("");
  });

  it.for(["svid.key", "svid.csr"])("never overwrites %s without --force", async (name) => {
    const cwd = await folder();
    await writeFile(join(cwd, name), "mine");
    const ran = await quickly(["key", "new", "--issuer", ISSUER], { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(`${name} is there already`);
    expect(await readdir(cwd)).toEqual([name]);
    expect(await readFile(join(cwd, name), "utf8")).toBe("mine");
    expect(await quickly(["key", "new", "--issuer", ISSUER, "--force"], { cwd })).toMatchObject({
      code: 0,
    });
  });

  it("takes the base of S from the configuration in the folder", async () => {
    const cwd = await folder();
    await quickly(["init", "--issuer", "http://localhost:9000"], { cwd });
    const ran = await quickly(["key", "new", "--json"], { cwd });
    expect(json(ran)["s"]).toMatch(/^http:\/\/localhost:9000\/jkt\/[\w-]{43}$/);
  });

  it("says what is missing for S where it knows no issuer", async () => {
    const cwd = await folder();
    const ran = await quickly(["key", "new"], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("For S, give --issuer URL or --config FILE");
  });

  it.for([
    ["--config", "missing.yaml"],
    ["--issuer", "https://id.example.org", "--config", "svidmint.yaml"],
    ["--issuer", "not a url\n"],
  ])("is wrong usage with %j, and writes nothing", async (args) => {
    const cwd = await folder();
    expect(await quickly(["key", "new", ...args], { cwd })).toMatchObject({ code: 2, stdout: "" });
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe("svidmint dpop", () => {
  it("signs a header for these bytes, this endpoint and this moment, once", async () => {
    const cwd = await folder();
    await quickly(["key", "new", "--issuer", ISSUER], { cwd });
    const body = '{"evidence":[]}\n';
    await writeFile(join(cwd, "request.json"), body);
    const args = ["dpop", "--key", "svid.key", "--url", `${ISSUER}/v1/svids`];
    const ran = await quickly([...args, "--body", "request.json"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const proof = /^DPoP: (\S+)\n$/.exec(ran.stdout)?.[1] ?? "";
    const verified = await compactVerify(proof, (header) =>
      importJWK(header?.jwk ?? {}, header?.alg),
    );
    expect(verified.protectedHeader).toMatchObject({ typ: "dpop+jwt", alg: "ES256" });
    expect(verified.protectedHeader.jwk).not.toHaveProperty("d");
    const claims = decodeJwt(proof);
    expect(claims).toMatchObject({
      htm: "POST",
      htu: `${ISSUER}/v1/svids`,
      body_sha256: createHash("sha256").update(body).digest("base64url"),
    });
    expect(Math.abs(Number(claims.iat) - Date.now() / 1000)).toBeLessThan(30);
    const again = await quickly([...args, "--body", "-", "--json"], { cwd, input: body });
    const other = decodeJwt(String(json(again)["DPoP"]));
    expect(other["body_sha256"]).toBe(claims["body_sha256"]);
    expect(other.jti).not.toBe(claims.jti);
  });

  it.for([
    ["a missing key", "missing.key", "there is no such file"],
    ["a certificate request for a key", "svid.csr", "not one unencrypted PKCS#8 private key"],
    ["a folder", ".", "folder"],
    ["an encrypted key", "encrypted.key", "not one unencrypted"],
    ["a broken key", "broken.key", "does not take"],
  ])("refuses %s and does not quote it", async ([, key, message]) => {
    const cwd = await folder();
    await quickly(["key", "new", "--issuer", ISSUER], { cwd });
    await writeFile(
      join(cwd, "encrypted.key"),
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    await writeFile(
      join(cwd, "broken.key"),
      "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    );
    const ran = await quickly(
      ["dpop", "--key", key ?? "", "--body", "svid.csr", "--url", `${ISSUER}/v1/svids`],
      { cwd },
    );
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).not.toContain("c2VjcmV0");
  });
});
