import { generateKeyPairSync } from "node:crypto";
import { chmod, copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CHECK_MESSAGE } from "../../../src/cli/keys/verify.ts";
import { json, quickly, temporaryFolders } from "./run.ts";
import { lines, makeTrustDomain, variant } from "./trust-domain.ts";

const folder = temporaryFolders();
let cwd: string;
beforeAll(async () => {
  cwd = await folder();
  await makeTrustDomain(cwd);
});
const ed25519 = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const verify = (...args: string[]) => quickly(["keys", "verify", ...args], { cwd });

describe("svidmint keys verify", () => {
  it("finds every local key to be the configured one", async () => {
    const ran = await verify();
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(lines(ran)).toEqual([
      "good     x509 root-1: is the configured key",
      "good     x509 root-spare: is the configured key",
      "good     jwt jwt-7: is the configured key",
      "good     jwt jwt-spare: is the configured key",
    ]);
  });

  it.for<[string, (text: string) => string, RegExp]>([
    [
      "another key's public half",
      (text) => text.replace("file:jwt-7.pub", "file:jwt-spare.pub"),
      /^wrong +jwt jwt-7: is another key/m,
    ],
    [
      "another root's certificate",
      (text) => text.replace("file:root-1.pem", "file:root-spare.pem"),
      /^wrong +x509 root-1: is another key/m,
    ],
    [
      "a key that is not there",
      (text) => text.replace("file:jwt-7.key", "file:gone.key"),
      /^wrong +jwt jwt-7: private_key: .*does not exist/m,
    ],
  ])("tells %s, and goes on", async ([name, edit, message]) => {
    const ran = await verify(
      "--config",
      await variant(cwd, `${name.replaceAll(/\W/g, "-")}.yaml`, edit),
    );
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(message);
    expect(lines(ran)).toHaveLength(4);
  });

  it.for<[string, (text: string) => string, RegExp]>([
    [
      "of a kind that signs no token",
      (text) =>
        text.replace("file:jwt-7.key", "file:ed.key").replace(/ +public_key: file:jwt-7.*\n/, ""),
      /^wrong +jwt jwt-7: private_key: EdDSA is not an algorithm of jwt svids$/m,
    ],
    [
      "that does not fit its algorithm",
      (text) => text.replace("- id: jwt-7", "- id: jwt-7\n      algorithm: RS256"),
      /^wrong +jwt jwt-7: algorithm: RS256 does not fit the key$/m,
    ],
    [
      "of a root for another trust domain",
      (text) => text.replace("trust_domain: prod.", "trust_domain: other."),
      /^wrong +x509 root-1: certificate: .*trust domain/m,
    ],
    [
      "that is gone before it is retired",
      (text) => text.replace(/ +private_key: file:jwt-7.*\n/, ""),
      /^wrong +jwt jwt-7: private_key: is needed until the key is retired$/m,
    ],
  ])("says wrong of a key %s, as serve does at its start", async ([name, edit, message]) => {
    await writeFile(join(cwd, "ed.key"), ed25519(), { mode: 0o600 });
    const config = await variant(cwd, `serve-${name.replaceAll(/\W/g, "-")}.yaml`, edit);
    const ran = await verify("--config", config);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(message);
    const [said = ""] = message.exec(ran.stdout) ?? [];
    const served = await quickly(["serve", "--config", config], { cwd });
    expect(served.code).toBe(2);
    expect(served.stderr).toContain(said.replace(/^wrong +\w+ [\w-]+: /, ""));
  });

  it("refuses a key that others can read", async () => {
    await copyFile(join(cwd, "jwt-7.key"), join(cwd, "open.key"));
    await chmod(join(cwd, "open.key"), 0o644);
    const config = await variant(cwd, "open.yaml", (text) => text.replace("jwt-7.key", "open.key"));
    const ran = await verify("--config", config, "--json");
    expect(ran.code).toBe(1);
    expect(json(ran)).toMatchObject({
      ok: false,
      keys: [
        {},
        {},
        { id: "jwt-7", result: "wrong", message: expect.stringContaining("chmod 600") },
        {},
      ],
    });
    expect(ran.stdout).not.toContain("PRIVATE");
  });

  it("does not ask what is past its removal", async () => {
    const config = await variant(cwd, "past.yaml", (text) =>
      text.replace("file:jwt-7.key\n", "file:gone.key\n      removed_at: 2026-02-01T00:00:00Z\n"),
    );
    expect(lines(await verify("--config", config))).toHaveLength(3);
  });

  it("cannot ask a service without credentials, which is no yes", async () => {
    const config = await variant(cwd, "kms.yaml", (text) =>
      text.replace(
        "backend: local\n      private_key: file:jwt-7.key",
        "backend: aws_kms\n      key: arn:aws:kms:eu-central-1:111122223333:key/a",
      ),
    );
    const names = ["AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
    Object.assign(process.env, Object.fromEntries(names.map((name) => [name, "true"])));
    const ran = await verify("--config", config);
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^unknown +jwt jwt-7: there are no AWS credentials/m);
  });
});

describe("the message that a key signs to be looked at", () => {
  it("is neither a certificate's content nor a token's input", async () => {
    // TBSCertificate is a SEQUENCE; a JOSE input is base64url and dots; a COSE one an array.
    expect(CHECK_MESSAGE[0]).toBe(0);
    expect(String.fromCharCode(...CHECK_MESSAGE)).not.toMatch(/^[\w.-]+$/);
    expect(String.fromCharCode(...CHECK_MESSAGE)).toContain("svidmint key check");
  });
});
