import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadKeys } from "../../../src/cli/keys/load.ts";
import { publicKeySet } from "../../../src/cli/keys/material.ts";
import { computedBundles } from "../../../src/cli/keys/published.ts";
import { json, quickly, temporaryFolders } from "./run.ts";
import { instant, makeTrustDomain, PUBLISHED, PUBLISHED_SECONDS, variant } from "./trust-domain.ts";

const folder = temporaryFolders();
const FILE = "svidmint.yaml";
let cwd: string;
beforeAll(async () => {
  cwd = await folder();
  await makeTrustDomain(cwd);
  for (const id of ["jwt-8", "jwt-9"])
    await quickly(["keys", "create", "jwt", "--id", id], { cwd }); // oxlint-disable-line no-await-in-loop -- two
});
const apply = (...args: string[]) => quickly(["keys", "apply", ...args], { cwd });
const now = () => Math.floor(Date.now() / 1000);
const newKey = (id: string, published: number) =>
  `    - { id: ${id}, backend: local, private_key: file:${id}.key, public_key: file:${id}.pub, published_at: ${instant(published)} }\n`;
const removedJwt7 = (at: string) => (text: string) =>
  text.replace("file:jwt-7.pub\n", `file:jwt-7.pub\n      removed_at: ${at}\n`);

describe("svidmint keys apply --against", () => {
  it.for<[string, () => (text: string) => string]>([
    ["a new key, published now", () => (text) => text + newKey("jwt-8", now())],
    ["a new key, published later", () => (text) => text + newKey("jwt-8", now() + 86_400)],
    ["an emergency removal", () => removedJwt7(instant(now() - 5))],
    ["another rule", () => (text) => text.replace("/api", "/other")],
    [
      "another refresh hint, told by changed_at",
      () => (text) => `${text}bundle: { refresh_hint: 10m, changed_at: ${instant(now() - 5)} }\n`,
    ],
    [
      "a retirement to come",
      () => (text) =>
        text.replace(
          "file:jwt-7.pub\n",
          "file:jwt-7.pub\n      retired_at: 2099-01-01T00:00:00Z\n",
        ),
    ],
  ])("takes %s", async ([name, edit]) => {
    const next = await variant(cwd, `${name.replaceAll(" ", "-")}.yaml`, edit());
    const ran = await apply(next, "--against", FILE);
    expect(ran.stdout).toMatch(/: good; spiffe_sequence \d+/);
    expect(ran.code).toBe(0);
  });

  it.for<[string, (text: string) => string, RegExp]>([
    [
      "a published key that is gone",
      (text) => text.replace(/ {4}- id: jwt-spare[^]*?standby\n/, ""),
      /jwt-spare is published: set its removed_at instead/,
    ],
    [
      "an instant of the past that is edited",
      (text) => text.replace(PUBLISHED, "2026-02-01T00:00:00Z"),
      /keys\.x509\.root-1\.published_at: an instant of the past is never edited/,
    ],
    [
      "a key that should have been published before",
      (text) => text + newKey("jwt-8", now() - 4000),
      /keys\.jwt\.jwt-8\.published_at: a new key cannot have been published before/,
    ],
    [
      "a removal that is taken long after it",
      removedJwt7("2026-02-01T00:00:00Z"),
      /keys\.jwt\.jwt-7\.removed_at: an instant of the past is never edited/,
    ],
    [
      "another key under the same id",
      (text) => text.replace("file:jwt-7.pub", "file:jwt-9.pub"),
      /keys\.jwt\.jwt-7: is another key now/,
    ],
    [
      "another refresh hint under the same sequence",
      (text) => `${text}bundle: { refresh_hint: 10m }\n`,
      new RegExp(
        `/bundle: its bytes change and spiffe_sequence stays ${PUBLISHED_SECONDS}: set bundle.changed_at`,
      ),
    ],
    [
      "another trust domain",
      (text) => text.replace("trust_domain: prod", "trust_domain: dev"),
      /another trust domain|spiffe id is of another trust domain/,
    ],
    [
      "entries in another order",
      (text) => text.replace(/( {4}- id: jwt-7[^]*?)( {4}- id: jwt-spare[^]*)/, "$2$1"),
      /its bytes change/,
    ],
  ])("refuses %s", async ([name, edit, message]) => {
    const next = await variant(cwd, `${name.replaceAll(" ", "-")}.yaml`, edit);
    const target = join(cwd, "in-force.yaml");
    await writeFile(target, await readFile(join(cwd, FILE)));
    const before = await readFile(target, "utf8");
    const ran = await apply(next, "--to", "in-force.yaml");
    expect(ran.stdout + ran.stderr).toMatch(message);
    expect(ran.code).toBeGreaterThan(0);
    expect(await readFile(target, "utf8")).toBe(before);
  });

  it("refuses a sequence that falls, and says how to raise it", async () => {
    const changed = await variant(
      cwd,
      "changed.yaml",
      (text) => `${text}bundle: { changed_at: ${instant(now() - 100)} }\n`,
    );
    const ran = await apply(FILE, "--against", changed, "--json");
    expect(ran.code).toBe(1);
    expect(json(ran)).toMatchObject({ ok: false, applied: false });
    expect(ran.stdout).toMatch(/falls from \d+ to \d+.*changed_at/);
  });

  it("refuses shorter lives that would take a retired key away too early", async () => {
    const start = now() - 1600;
    const rotated = await variant(cwd, "long.yaml", (text) =>
      (text + newKey("jwt-8", start)).replace("ttl: 10m", "ttl: 1h"),
    );
    const short = await variant(cwd, "short.yaml", (text) =>
      (text + newKey("jwt-8", start)).replace("ttl: 10m", "ttl: 1m"),
    );
    const ran = await apply(short, "--against", rotated);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(
      /keys\.jwt\.jwt-7\.removed_at: what it signs lives until .* write removed_at/,
    );
    const asked = /write removed_at: (\S+)/.exec(ran.stdout)?.[1] ?? "";
    const mended = await variant(cwd, "mended.yaml", (text) =>
      removedJwt7(asked)(text + newKey("jwt-8", start)).replace("ttl: 10m", "ttl: 1m"),
    );
    expect(await apply(mended, "--against", rotated)).toMatchObject({ code: 0 });
  });

  it("puts the file in place in one step", async () => {
    await writeFile(join(cwd, "live.yaml"), await readFile(join(cwd, FILE)));
    const next = await variant(cwd, "next.yaml", (text) => text + newKey("jwt-8", now()));
    const ran = await apply(next, "--to", "live.yaml");
    expect(ran).toMatchObject({ code: 0 });
    expect(await readFile(join(cwd, "live.yaml"), "utf8")).toBe(
      await readFile(join(cwd, next), "utf8"),
    );
    // Back is not a way: what was published is gone then.
    expect(await apply(FILE, "--to", "live.yaml")).toMatchObject({ code: 1 });
  });

  it("does not put it where its files are not", async () => {
    await mkdir(join(cwd, "elsewhere"));
    const ran = await apply(FILE, "--against", FILE, "--to", "elsewhere/svidmint.yaml");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("does not exist");
    await expect(readFile(join(cwd, "elsewhere/svidmint.yaml"))).rejects.toThrow("ENOENT");
  });

  it("needs something to compare with", async () => {
    expect(await apply(FILE)).toMatchObject({ code: 2, stdout: "" });
    expect(await apply(FILE, "--to", "not-there.yaml")).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("svidmint keys apply --live", () => {
  let body = "";
  let status = 200;
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body);
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  const serves = async (name: string) => {
    const loaded = await loadKeys(join(cwd, name));
    const bundles = await computedBundles(loaded, await publicKeySet(loaded, now()), now());
    status = 200;
    body = bundles["/bundle"].body;
  };

  it("takes what is served already, and what follows it", async () => {
    await serves(FILE);
    expect(await apply(FILE, "--live", url)).toMatchObject({ code: 0 });
    const next = await variant(cwd, "follows.yaml", (text) => text + newKey("jwt-8", now()));
    expect(await apply(next, "--live", url)).toMatchObject({ code: 0 });
    const removed = await variant(cwd, "removed.yaml", removedJwt7(instant(now() - 5)));
    expect(await apply(removed, "--live", url)).toMatchObject({ code: 0 });
  });

  it("refuses a file that lacks a key which is served", async () => {
    await serves(await variant(cwd, "served.yaml", (text) => text + newKey("jwt-8", now() - 5)));
    const ran = await apply(FILE, "--live", url);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/falls from/);
    const raised = await variant(
      cwd,
      "raised.yaml",
      (text) => `${text}bundle: { changed_at: ${instant(now())} }\n`,
    );
    const other = await apply(raised, "--live", url);
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/loses kid \S+ which no entry .*accounts for/);
  });

  it("refuses a key that was to be known by now, and is not", async () => {
    await serves(FILE);
    const late = await variant(cwd, "late.yaml", (text) => text + newKey("jwt-8", now() - 4000));
    const ran = await apply(late, "--live", url);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/keys\.jwt\.jwt-8: is not in the live bundle, though published_at/);
  });

  it.for<[string, number, string, RegExp]>([
    ["an error", 500, "", /status 500/],
    ["what is no JSON", 200, "<html>", /no SPIFFE bundle/],
    ["what is no bundle", 200, "{}", /no SPIFFE bundle/],
  ])("does not take %s for a bundle", async ([, code, text, message]) => {
    status = code;
    body = text;
    const ran = await apply(FILE, "--live", url);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });

  it("asks https alone, but for this machine", async () => {
    const ran = await apply(FILE, "--live", "http://id.example.org");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
  });
});
