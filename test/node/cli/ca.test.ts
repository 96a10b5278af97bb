import { X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { json, quickly, temporaryFolders } from "./run.ts";
import { variantOf } from "./variant.ts";

const folder = temporaryFolders();
const YAML = "root.ca.yaml";
let cwd: string;
beforeAll(async () => {
  cwd = await folder();
  await writeFile(join(cwd, "svidmint.yaml"), "trust_domain: prod.example.org\n");
  await run("keys", "create", "x509", "--id", "root");
  await run("ca", "init", YAML, "--out", "root.pem");
  await run("key", "new", "--out", "online", "--issuer", "https://id.example.org");
});
const run = (...args: string[]) => quickly(args, { cwd });
const certificate = async (name: string) => new X509Certificate(await readFile(join(cwd, name)));
const edited = (name: string, edit: (text: string) => string) => variantOf(cwd, YAML, name, edit);

function opensslVerifies(root: string, leaf: string): boolean {
  const args = ["verify", "-x509_strict", "-CAfile", join(cwd, root), join(cwd, leaf)];
  return execFileSync("openssl", args, { encoding: "utf8" }).trim().endsWith("OK");
}

describe("svidmint ca init", () => {
  it("signs a root that OpenSSL and Node take", async () => {
    const root = await certificate("root.pem");
    expect(root.verify(root.publicKey)).toBe(true);
    expect(root.ca).toBe(true);
    expect(root.subject).toBe("O=prod.example.org\nCN=root");
    expect(root.subjectAltName).toBe("URI:spiffe://prod.example.org");
    expect(opensslVerifies("root.pem", "root.pem")).toBe(true);
  });

  it.for(["p384", "rsa2048", "ed25519"])("does so with a key of type %s", async (type) => {
    await run("keys", "create", "x509", "--id", `r-${type}`, "--type", type);
    expect(await run("ca", "init", `r-${type}.ca.yaml`, "--out", `r-${type}.pem`)).toMatchObject({
      code: 0,
    });
    const root = await certificate(`r-${type}.pem`);
    expect(root.verify(root.publicKey)).toBe(true);
  });

  it("signs by RSA-PSS where that is asked", async () => {
    const file = await variantOf(
      cwd,
      "r-rsa2048.ca.yaml",
      "pss.ca.yaml",
      (text) => `${text}algorithm: PS256\n`,
    );
    expect(await run("ca", "init", file, "--out", "pss.pem")).toMatchObject({ code: 0 });
    expect(opensslVerifies("pss.pem", "pss.pem")).toBe(true);
  });

  it("shows what it would sign, and signs nothing", async () => {
    const ran = await run("ca", "init", YAML, "--dry-run", "--json");
    expect(ran.code).toBe(0);
    expect(json(ran)).toMatchObject({
      signed: false,
      certificate: { ca: true, spiffe_ids: ["spiffe://prod.example.org"] },
      problems: [],
    });
    expect((await run("ca", "init", YAML, "--dry-run")).stdout).toContain("nothing was signed");
  });

  it("never overwrites a certificate", async () => {
    const before = await readFile(join(cwd, "root.pem"));
    expect(await run("ca", "init", YAML, "--out", "root.pem")).toMatchObject({
      code: 1,
      stdout: "",
    });
    expect(await readFile(join(cwd, "root.pem"))).toEqual(before);
  });

  it("prints PEM alone where no file is named", async () => {
    const ran = await run("ca", "init", YAML);
    expect(ran.stdout).toMatch(/^-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\n$/);
  });

  it.for<[string, (text: string) => string, RegExp]>([
    ["an unknown member", (text) => `${text}lifetme: 1d\n`, /unknown member "lifetme"/],
    ["no lifetime", (text) => text.replace(/lifetime.*\n/, ""), /lifetime/],
    ["a lifetime without a unit", (text) => text.replace("3650d", "3650"), /lifetime/],
    ["a lifetime of a century", (text) => text.replace("3650d", "36500d"), /lifetime/],
    [
      "a trust domain with a scheme",
      (text) => text.replace("trust_domain: ", "trust_domain: spiffe://"),
      /trust_domain/,
    ],
    ["an empty name", (text) => text.replace(/common_name: .*/, 'common_name: ""'), /common_name/],
    [
      "a path length below none",
      (text) => text.replace("path_length: 1", "path_length: -1"),
      /path_length/,
    ],
    [
      "an algorithm that does not fit",
      (text) => `${text}algorithm: RS256\n`,
      /RS256 does not fit the key/,
    ],
    [
      "a key that is not there",
      (text) => text.replace("root.key", "gone.key"),
      /gone\.key does not exist/,
    ],
    [
      "no key",
      (text) => text.replace(/key:\n[^]*/, "key: { backend: local }\n"),
      /names no private key/,
    ],
    [
      "an unknown backend",
      (text) => text.replace("backend: local", "backend: abacus"),
      /expected "local"/,
    ],
    [
      "a certificate that has expired",
      (text) => `${text}not_before: 2001-01-01T00:00:00Z\n`,
      /has expired/,
    ],
    [
      "name constraints that no verifier could read",
      (text) => `${text.replace("prod.example.org", "10.0.0.1")}name_constraints: permit_uri\n`,
      /permit_uri is not for/,
    ],
  ])("refuses %s, with the key unused", async ([name, edit, message]) => {
    const file = await edited(`${name.replaceAll(/\W/g, "-")}.ca.yaml`, edit);
    const ran = await run("ca", "init", file);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });
});

describe("svidmint ca sign-intermediate", () => {
  const sign = (...args: string[]) =>
    run("ca", "sign-intermediate", YAML, "--root", "root.pem", ...args);

  it("takes nothing of a request but its key", async () => {
    const ran = await sign("--csr", "online.csr", "--name", "online-1", "--out", "online.pem");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const intermediate = await certificate("online.pem");
    const root = await certificate("root.pem");
    expect(intermediate.verify(root.publicKey)).toBe(true);
    expect(intermediate.checkIssued(root)).toBe(true);
    expect(intermediate.subject).toBe("O=prod.example.org\nCN=online-1");
    expect(opensslVerifies("root.pem", "online.pem")).toBe(true);
    expect(ran.stdout).toMatch(/CA +yes, path length 0/);
    expect(ran.stdout).toMatch(
      /name constraints +excluded dns \(all\), ip \(all IPv4\), ip \(all IPv6\)/,
    );
  });

  it("takes a bare public key that the operator vouches for", async () => {
    await run("keys", "create", "jwt", "--id", "bare");
    expect(await sign("--public-key", "bare.pub", "--name", "b", "--out", "b.pem")).toMatchObject({
      code: 0,
    });
  });

  it("never outlives the root", async () => {
    const ran = await sign("--csr", "online.csr", "--name", "x", "--lifetime", "9000d", "--json");
    const root = await certificate("root.pem");
    expect(json(ran)).toMatchObject({
      certificate: { not_after: root.validToDate.getTime() / 1000 },
    });
  });

  it.for<[string, string[], RegExp]>([
    ["no key", ["--name", "x"], /--csr or by --public-key/],
    ["two keys", ["--name", "x", "--csr", "online.csr", "--public-key", "root.pub"], /--csr or/],
    ["the root's own key", ["--name", "x", "--public-key", "root.pub"], /root's own key/],
    ["a certificate for a request", ["--name", "x", "--csr", "root.pem"], /CERTIFICATE REQUEST/],
    ["no lifetime", ["--name", "x", "--csr", "online.csr", "--lifetime", "long"], /such as 365d/],
  ])("refuses %s", async ([, args, message]) => {
    const ran = await sign(...args);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });

  it("refuses a request whose signature does not verify", async () => {
    const der = Buffer.from(
      (await readFile(join(cwd, "online.csr"), "utf8")).replace(/-.*-/g, ""),
      "base64",
    );
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE REQUEST-----\n`;
    await writeFile(join(cwd, "bad.csr"), pem);
    expect(await sign("--csr", "bad.csr", "--name", "x")).toMatchObject({ code: 2, stdout: "" });
  });

  it("refuses a root of another key, and one that forbids intermediates", async () => {
    const other = await run(
      "ca",
      "sign-intermediate",
      "r-p384.ca.yaml",
      "--root",
      "root.pem",
      "--csr",
      "online.csr",
      "--name",
      "x",
    );
    expect(other).toMatchObject({ code: 2, stdout: "" });
    expect(other.stderr).toContain("another key");
    const flat = await edited("flat.ca.yaml", (text) =>
      text.replace("path_length: 1", "path_length: 0"),
    );
    await run("ca", "init", flat, "--out", "flat.pem");
    const ran = await run(
      "ca",
      "sign-intermediate",
      flat,
      "--root",
      "flat.pem",
      "--csr",
      "online.csr",
      "--name",
      "x",
    );
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("path length 0 forbids the intermediate");
  });
});

describe("svidmint ca show", () => {
  it("finds nothing wrong with a root and its chain", async () => {
    expect(await run("ca", "show", "root.pem")).toMatchObject({ code: 0, stderr: "" });
    const chain =
      (await readFile(join(cwd, "online.pem"), "utf8")) +
      (await readFile(join(cwd, "root.pem"), "utf8"));
    await writeFile(join(cwd, "chain.pem"), chain);
    const ran = await run("ca", "show", "chain.pem", "--json");
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject([{ problems: [] }, { problems: [] }]);
  });

  it.for<[string, string[], RegExp]>([
    [
      "another trust domain",
      ["root.pem", "--trust-domain", "dev.example.org"],
      /spiffe id is of another trust domain/,
    ],
    ["the time after its end", ["root.pem", "--at", "2099-01-01T00:00:00Z"], /has expired/],
    ["a chain in the wrong order", ["swapped.pem"], /is not signed by the next one/],
    ["a root whose signature is another's", ["forged.pem"], /its own signature does not verify/],
  ])("says what is wrong: %s", async ([, args, message]) => {
    const [online, other] = [
      await readFile(join(cwd, "online.pem"), "utf8"),
      await readFile(join(cwd, "r-p384.pem"), "utf8"),
    ];
    await writeFile(join(cwd, "swapped.pem"), online + other);
    const der = (await certificate("root.pem")).raw;
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    await writeFile(
      join(cwd, "forged.pem"),
      `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`,
    );
    const ran = await run("ca", "show", ...args);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(message);
  });

  it("warns of one that ends soon", async () => {
    const ran = await run(
      "ca",
      "show",
      "root.pem",
      "--at",
      String((await certificate("root.pem")).validToDate.getTime() / 1000 - 86_400),
    );
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/warning: ends in 1 d: publish its successor/);
  });

  it.for([
    ["no certificate", "svidmint.yaml"],
    ["a key", "root.key"],
  ])("is wrong usage with %s", async ([, file]) => {
    const ran = await run("ca", "show", file ?? "");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).not.toContain("PRIVATE");
  });
});
