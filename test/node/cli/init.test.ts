import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
const mode = async (path: string) => (await stat(path)).mode & 0o777;

describe("svidmint init", () => {
  it("writes a configuration and a development key that only its owner reads", async () => {
    const cwd = await folder();
    const ran = await svidmint(["init"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect((await readdir(cwd)).toSorted()).toEqual([".svidmint", "svidmint.yaml"]);
    expect((await readdir(join(cwd, ".svidmint"))).toSorted()).toEqual(["dev.jwks", "dev.key"]);
    expect(await mode(join(cwd, ".svidmint/dev.key"))).toBe(0o600);
    expect(await mode(join(cwd, ".svidmint"))).toBe(0o700);
    expect(await readFile(join(cwd, ".svidmint/dev.jwks"), "utf8")).not.toContain('"d"');
    expect(ran.stdout).not.toContain("PRIVATE");
    const checked = await quickly(["policy", "check"], { cwd });
    expect(checked).toMatchObject({ code: 0 });
  });

  it("writes comments that hold when they are uncommented", async () => {
    const cwd = await folder();
    await quickly(["init"], { cwd });
    const text = await readFile(join(cwd, "svidmint.yaml"), "utf8");
    const whole = text
      .replaceAll(
        /^( *)# ((?:gcp_iit|aws_web_identity|aws_sts|aws_iid|azure_msi|single_instance|claims|- name):? )/gm,
        "$1$2",
      )
      .replaceAll(/^ {2}# {3}/gm, "    ");
    expect(whole).toContain("\n      gcp_iit: { kind");
    await writeFile(join(cwd, "svidmint.yaml"), whole);
    const checked = await quickly(["policy", "check"], { cwd });
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain("2 rules");
  });

  it("takes the trust domain and issuer, and names what it wrote", async () => {
    const cwd = await folder();
    const ran = await quickly(
      [
        "init",
        "--json",
        "--dir",
        "lab",
        "--trust-domain",
        "lab.example.org",
        "--issuer",
        "http://localhost:9000",
      ],
      { cwd },
    );
    expect(json(ran)).toEqual({
      config: "lab/svidmint.yaml",
      development_key: "lab/.svidmint/dev.key",
      development_jwks: "lab/.svidmint/dev.jwks",
      issuer: "http://localhost:9000",
      trust_domain: "lab.example.org",
    });
    const text = await readFile(join(cwd, "lab/svidmint.yaml"), "utf8");
    expect(text).toContain("trust_domain: lab.example.org\n");
    expect(
      await quickly(["policy", "check", "--config", "lab/svidmint.yaml"], { cwd }),
    ).toMatchObject({ code: 0 });
  });

  it.for([".svidmint/dev.key", ".svidmint/dev.jwks", "svidmint.yaml"])(
    "leaves everything as it is where %s is there",
    async (path) => {
      const cwd = await folder();
      await mkdir(join(cwd, ".svidmint"));
      await writeFile(join(cwd, path), "mine");
      const ran = await quickly(["init"], { cwd });
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain(`${path} is there already; use --force`);
      expect(await readFile(join(cwd, path), "utf8")).toBe("mine");
      expect([...(await readdir(cwd)), ...(await readdir(join(cwd, ".svidmint")))]).toHaveLength(
        path.startsWith(".") ? 2 : 2,
      );
    },
  );

  it("overwrites with --force, and takes the rights of others away", async () => {
    const cwd = await folder();
    await mkdir(join(cwd, ".svidmint"));
    await writeFile(join(cwd, ".svidmint/dev.key"), "old", { mode: 0o666 });
    expect(await quickly(["init", "--force"], { cwd })).toMatchObject({ code: 0 });
    expect(await mode(join(cwd, ".svidmint/dev.key"))).toBe(0o600);
    expect(await readFile(join(cwd, ".svidmint/dev.key"), "utf8")).toContain("PRIVATE KEY");
  });

  it("does not write a key through a symbolic link", async () => {
    const cwd = await folder();
    await mkdir(join(cwd, ".svidmint"));
    await writeFile(join(cwd, "victim"), "precious");
    await symlink(join(cwd, "victim"), join(cwd, ".svidmint/dev.key"));
    expect(await quickly(["init", "--force"], { cwd })).toMatchObject({ code: 2 });
    expect(await readFile(join(cwd, "victim"), "utf8")).toBe("precious");
  });

  it.for([
    ["--issuer", "https://id.example.org"],
    ["--issuer", "http://id.example.org"],
    ["--issuer", "http://127.0.0.1:8443/"],
    ["--issuer", "http://127.0.0.1:8443?x"],
    ["--issuer", "http://a@127.0.0.1:8443"],
    ["--issuer", "http://127.0.0.1:8443#\nrules: []"],
    ["--issuer", "nonsense"],
    ["--trust-domain", "Example.org"],
    ["--trust-domain", "spiffe://example.org"],
    ["--trust-domain", "a\nissuer: x"],
    ["--trust-domain", "a..b"],
  ])("refuses %s %s and writes nothing", async (args) => {
    const cwd = await folder();
    const ran = await quickly(["init", ...args], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(await readdir(cwd)).toEqual([]);
  });

  it("says so where it cannot write", async () => {
    const cwd = await folder();
    await writeFile(join(cwd, "file"), "");
    const ran = await quickly(["init", "--dir", "file/below"], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("not a folder");
  });
});
