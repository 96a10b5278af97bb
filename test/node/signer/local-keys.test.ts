import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ConfigError, type ConfigIssue, type ReadResource } from "../../../src/config-issue.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { loadKeySet } from "../../../src/signer/load-keys.ts";
import { localKeys, type LocalKeysOptions } from "../../../src/signer/node/local-keys.ts";
import { privateReader } from "../../../src/signer/node/private-file.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { leafKey } from "../../fakes/x509-key.ts";

const platform = nodePlatform();
const domain = parseTrustDomain("dev.example.org");
if (!domain.ok) throw new Error("a trust domain");
const trustDomain = domain.value;

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(
    folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })),
  );
});
async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "svidmint-keys-"));
  folders.push(folder);
  return folder;
}

function make(folder: string, overrides: Partial<LocalKeysOptions> = {}) {
  const options = { platform, trustDomain, folder, dataFolder: ".svidmint", single: true, parse };
  return localKeys({ ...options, ...overrides });
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((e: unknown) => e);
  if (!(error instanceof ConfigError)) throw new Error("was not refused");
  return error.message;
}

async function load(folder: string, warnings: ConfigIssue[] = []) {
  const { keys } = await make(folder);
  const read: ReadResource = async (reference) =>
    new Uint8Array(await readFile(resolve(folder, reference.slice(5))));
  return loadKeySet(keys, {
    platform,
    trustDomain,
    read,
    readPrivate: privateReader(read, folder),
    backends: { local: openLocal },
    env: () => undefined,
    now: platform.now(),
    refreshHint: 300,
    changedAt: 0,
    longestLife: { x509: 3600, jwt: 300, wit: 3600 },
    expectStandby: false,
    report: (issue) => void warnings.push(issue),
  });
}

describe("localKeys", () => {
  it("makes keys that load without a word of complaint, and sign at once", async () => {
    const folder = await freshFolder();
    const warnings: ConfigIssue[] = [];
    const keys = await load(folder, warnings);
    expect(warnings).toEqual([]);
    const now = platform.now();
    expect((await leafKey(keys.x509(now), now)).signer.algorithm).toBe("ES256");
    expect(keys.jwt(now)?.signer.algorithm).toBe("ES256");
    expect(keys.wit(now)?.signer.algorithm).toBe("ES256");
    expect(keys.published(now).x509.length).toBe(1);
  });

  it("makes them once", async () => {
    const folder = await freshFolder();
    const first = await make(folder);
    const second = await make(folder);
    expect(first.created).toBe(true);
    expect(second).toEqual({ ...first, created: false });
  });

  it("makes one set, however many processes start at once", async () => {
    const folder = await freshFolder();
    const made = await Promise.all(Array.from({ length: 8 }, () => make(folder)));
    expect(made.filter(({ created }) => created).length).toBe(1);
    expect(new Set(made.map(({ keys }) => JSON.stringify(keys))).size).toBe(1);
    const names = await readdir(join(folder, ".svidmint"));
    expect(names.length).toBe(5);
    expect(names.filter((name) => name.endsWith(".key")).length).toBe(3);
  });

  it("keeps them to the owner", async () => {
    const folder = await freshFolder();
    await make(folder);
    const data = join(folder, ".svidmint");
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    const modes = await Promise.all(
      (await readdir(data)).map(async (name) => (await stat(join(data, name))).mode & 0o777),
    );
    expect(new Set(modes)).toEqual(new Set([0o600]));
  });

  it("goes by keys.yaml once it is there, edits included", async () => {
    const folder = await freshFolder();
    const { path } = await make(folder);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("jwt:", "jwt: # mine"));
    expect((await make(folder)).created).toBe(false);
    await writeFile(path, `${text}    retired_at: 2099-01-01T00:00:00Z\n`);
    expect((await make(folder)).keys.wit?.[0]?.retired_at).toBe("2099-01-01T00:00:00Z");
  });

  it.each([
    ["an unknown member", "ssh: []\n", /no such member: ssh/],
    ["what is no yaml", "x509: [\n", /keys.yaml is not yaml/],
    ["nothing", "", /keys\.yaml/],
  ])("refuses a keys.yaml with %s", async (_, text, expected) => {
    const folder = await freshFolder();
    const { path } = await make(folder);
    await writeFile(path, text);
    expect(await messageOf(make(folder))).toMatch(expected);
  });

  it("makes none where several instances would each make their own", async () => {
    const folder = await freshFolder();
    expect(await messageOf(make(folder, { single: false }))).toMatch(/^keys: is required/);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([0o777, 0o703, 0o1777])("refuses a folder of mode %o", async (mode) => {
    const folder = await freshFolder();
    await mkdir(join(folder, ".svidmint"));
    await chmod(join(folder, ".svidmint"), mode);
    expect(await messageOf(make(folder))).toMatch(/can be written by anybody: chmod o-w/);
    expect(await readdir(join(folder, ".svidmint"))).toEqual([]);
    await chmod(join(folder, ".svidmint"), 0o775);
    expect((await make(folder)).created).toBe(true);
    await chmod(join(folder, ".svidmint"), mode);
    expect(await messageOf(make(folder))).toMatch(/can be written by anybody/);
  });

  it("never writes over a file that is there", async () => {
    const folder = await freshFolder();
    const fixed = { ...platform, random: (length: number) => new Uint8Array(length) };
    await make(folder, { platform: fixed });
    const { path } = await make(folder);
    await rm(path);
    await expect(make(folder, { platform: fixed })).rejects.toThrow("EEXIST");
  });
});

const fail: ReadResource = async () => {
  throw new Error("not asked");
};
const seven: ReadResource = async () => new Uint8Array([7]);

describe("privateReader", () => {
  it.each([0o644, 0o640, 0o604, 0o660, 0o602, 0o610])("refuses a file of mode %o", async (mode) => {
    const folder = await freshFolder();
    await writeFile(join(folder, "key"), "secret", { mode: 0o600 });
    await chmod(join(folder, "key"), mode);
    const message = await messageOf(privateReader(fail, folder)("file:key"));
    expect(message).toMatch(/can be read by others: chmod 600/);
    expect(message).not.toContain("secret");
  });

  it.each([0o600, 0o400, 0o700])("reads a file of mode %o", async (mode) => {
    const folder = await freshFolder();
    await writeFile(join(folder, "key"), "secret", { mode: 0o600 });
    await chmod(join(folder, "key"), mode);
    const bytes = await privateReader(fail, folder)("file:key");
    expect(new TextDecoder().decode(bytes)).toBe("secret");
  });

  it("judges what a link points to", async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, "key"), "secret", { mode: 0o644 });
    await symlink(join(folder, "key"), join(folder, "link"));
    expect(await messageOf(privateReader(fail, folder)("file:link"))).toMatch(/read by others/);
  });

  it("names a file that is not there, and one that is no key", async () => {
    const folder = await freshFolder();
    expect(await messageOf(privateReader(fail, folder)("file:none"))).toMatch(
      /none does not exist$/,
    );
    await writeFile(join(folder, "big"), "x".repeat(70_000), { mode: 0o600 });
    expect(await messageOf(privateReader(fail, folder)("file:big"))).toMatch(/longer than any/);
  });

  it("neither waits for a pipe nor reads a folder or a device", async () => {
    const folder = await freshFolder();
    execFileSync("mkfifo", ["-m", "600", join(folder, "pipe")]);
    await mkdir(join(folder, "folder"), { mode: 0o700 });
    const read = privateReader(fail, folder);
    expect(await messageOf(read("file:pipe"))).toMatch(/pipe is no regular file$/);
    expect(await messageOf(read("file:folder"))).toMatch(/folder is no regular file$/);
    expect(await messageOf(read("file:/dev/zero"))).toMatch(/zero is no regular file$/);
  });

  it("leaves what is no file to others", async () => {
    expect(await privateReader(seven, "/")("env:KEY")).toEqual(new Uint8Array([7]));
  });
});
