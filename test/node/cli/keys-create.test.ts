import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
} from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseEnvelope, unwrapPkcs8 } from "../../../src/signer/envelope.ts";
import { json, quickly, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
let cwd: string;
beforeAll(async () => {
  cwd = await folder();
  await writeFile(join(cwd, "svidmint.yaml"), "trust_domain: prod.example.org\n");
});
const create = (...args: string[]) => quickly(["keys", "create", ...args], { cwd });

describe("svidmint keys create", () => {
  it.for([
    ["p256", "jwt", { crv: "P-256" }],
    ["p384", "wit", { crv: "P-384" }],
    ["rsa2048", "jwt", { kty: "RSA" }],
    ["ed25519", "x509", { crv: "Ed25519" }],
  ] as const)("makes a local %s key for %s, and never prints it", async ([type, use, kind]) => {
    const id = `${use}-${type}`;
    const ran = await create(use, "--id", id, "--type", type);
    expect(ran.code).toBe(0);
    expect((await stat(join(cwd, `${id}.key`))).mode & 0o777).toBe(0o600);
    const key = createPrivateKey(await readFile(join(cwd, `${id}.key`)));
    expect(createPublicKey(key).export({ format: "jwk" })).toMatchObject(kind);
    expect(await readFile(join(cwd, `${id}.pub`), "utf8")).toBe(
      createPublicKey(key).export({ format: "pem", type: "spki" }),
    );
    expect(parse(ran.stdout)).toMatchObject([
      {
        id,
        backend: "local",
        private_key: `file:${id}.key`,
        ...(use === "x509" ? { certificate: `file:${id}.pem` } : { public_key: `file:${id}.pub` }),
      },
    ]);
    expect(ran.stdout + ran.stderr).not.toContain("PRIVATE KEY");
  });

  it("writes for an x509 key what ca init signs", async () => {
    await create("x509", "--id", "root-9");
    expect(parse(await readFile(join(cwd, "root-9.ca.yaml"), "utf8"))).toMatchObject({
      trust_domain: "prod.example.org",
      path_length: 1,
      key: { backend: "local", private_key: "file:root-9.key" },
    });
  });

  it("says everything as JSON too", async () => {
    const made = json(await create("jwt", "--id", "j-json", "--json", "--out", "j.yaml"));
    expect(made).toMatchObject({ use: "jwt", entry: { id: "j-json" } });
    expect(made["files"]).toEqual(["j-json.key", "j-json.pub", "j.yaml"]);
  });

  it.for(["taken.key", "taken.pub", "taken.ca.yaml", "taken.yaml"])(
    "never overwrites %s, and makes nothing then",
    async (name) => {
      const own = await folder();
      await writeFile(join(own, "svidmint.yaml"), "trust_domain: prod.example.org\n");
      await writeFile(join(own, name), "mine");
      const ran = await quickly(
        ["keys", "create", "x509", "--id", "taken", "--out", "taken.yaml"],
        {
          cwd: own,
        },
      );
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect((await readdir(own)).toSorted()).toEqual(["svidmint.yaml", name].toSorted());
    },
  );

  it("says how to make a key in AWS KMS by hand, and asks nothing", async () => {
    const args = ["jwt", "--id", "jwt-8", "--backend", "aws_kms", "--where", "eu-central-1"];
    const ran = await create(...args, "--type", "rsa2048", "--json");
    expect(ran.code).toBe(0);
    const { commands, least } = json(ran) as { commands: string[]; least: string };
    expect(commands).toEqual([
      expect.stringMatching(
        /^aws kms create-key --region eu-central-1 --key-spec RSA_2048 --key-usage SIGN_VERIFY /,
      ),
      expect.stringMatching(/^aws kms get-public-key .* -out jwt-8\.pub$/),
    ]);
    expect(JSON.parse(least).Statement).toEqual([
      { Effect: "Allow", Action: "kms:Sign", Resource: "KEY_ARN" },
    ]);
    expect((await create(...args)).stdout.split("\n")[0]).toBe(
      commands[0]?.replace("RSA_2048", "ECC_NIST_P256"),
    );
  });

  it("wraps a key for a token by its public half alone", async () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = pair.publicKey.export({ format: "pem", type: "spki" });
    await writeFile(join(cwd, "wrap.pub"), pem);
    const settings = { module: "/usr/lib/m.so", token: "t", key: "wrap", pin: "env:PIN" };
    await writeFile(join(cwd, "token.yaml"), JSON.stringify({ ...settings, oaep_hash: "sha384" }));
    const args = ["--backend", "pkcs11", "--mode", "wrapped", "--settings", "token.yaml"];
    const ran = await create("jwt", "--id", "tok", ...args, "--wrapping-key", "wrap.pub");
    expect(ran.code).toBe(0);
    expect(parse(ran.stdout)).toMatchObject([
      { ...settings, oaep_hash: "sha384", mode: "wrapped", wrapped_key: "file:tok.wrapped" },
    ]);
    const envelope = parseEnvelope(await readFile(join(cwd, "tok.wrapped")));
    if (!envelope.ok) throw new Error(envelope.error.detail);
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const key = { key: pair.privateKey, padding, oaepHash: "sha384" };
    const dataKey = privateDecrypt(key, envelope.value.dataKey);
    const pkcs8 = await unwrapPkcs8(envelope.value, new Uint8Array(dataKey));
    const unwrapped = createPrivateKey({
      key: Buffer.from(pkcs8 ?? []),
      format: "der",
      type: "pkcs8",
    });
    expect(createPublicKey(unwrapped).export({ format: "pem", type: "spki" })).toBe(
      await readFile(join(cwd, "tok.pub"), "utf8"),
    );
    for (const [name, message] of [
      ["tok.wrapped", /no public key in PEM/],
      ["jwt-p256.pub", /no RSA key/],
    ] as const) {
      const refused = await create("jwt", "--id", "bad", ...args, "--wrapping-key", name); // oxlint-disable-line no-await-in-loop -- two
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toMatch(message);
    }
    const without = await create("jwt", "--id", "bad", ...args);
    expect(without).toMatchObject({ code: 2, stdout: "" });
    expect(without.stderr).toContain("--wrapping-key FILE");
  });

  it.for<[string, string[], RegExp]>([
    ["no id", ["jwt"], /--id/],
    ["an id that is none", ["jwt", "--id", "../x"], /--id is 1 to 64/],
    ["what is no use", ["ssh", "--id", "x"], /x509, jwt or wit/],
    ["Ed25519 for tokens", ["jwt", "--id", "x", "--type", "ed25519"], /p256, p384 or rsa2048/],
    ["a kind that is not made here", ["jwt", "--id", "x", "--type", "rsa4096"], /rsa2048/],
    ["a local key in a service", ["jwt", "--id", "x", "--create"], /for keys in a service/],
    ["an unknown backend", ["jwt", "--id", "x", "--backend", "abacus"], /backends of jwt keys/],
    [
      "a key that is there and is to be made",
      ["jwt", "--id", "x", "--backend", "aws_kms", "--key", "arn:x", "--create"],
      /leave one out/,
    ],
    [
      "Ed25519 in AWS KMS",
      ["jwt", "--id", "x", "--backend", "aws_kms", "--type", "ed25519", "--where", "eu-west-1"],
      /AWS KMS keys are of type/,
    ],
    [
      "no region",
      ["jwt", "--id", "x", "--backend", "aws_kms", "--create", "--where", "here"],
      /name the AWS region/,
    ],
  ])("is wrong usage with %s", async ([, args, message]) => {
    const before = await readdir(cwd);
    const ran = await create(...args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
    expect(await readdir(cwd)).toEqual(before);
  });
});
