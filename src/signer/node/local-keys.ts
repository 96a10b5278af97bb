import { link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../config-issue.ts";
import { encodePem } from "../../encoding/pem.ts";
import type { Platform, PrivateKey } from "../../platform/platform.ts";
import type { TrustDomain } from "../../spiffe/trust-domain.ts";
import { buildCaTbs } from "../../svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../../svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../../svid/x509-svid.ts";
import { formatInstant } from "../instant.ts";
import { keysSchema, type KeysConfig } from "../keys-schema.ts";

/** Ten years: who keeps local keys for so long has had time to write `keys:`. */
const ROOT_LIFE_SECONDS = 3650 * 86_400;
const BACKDATE_SECONDS = 60;
const OTHERS_WRITE = 0o002;
const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;

export interface LocalKeysOptions {
  readonly platform: Platform;
  readonly trustDomain: TrustDomain;
  /** Where the configuration lies; the references in `keys.yaml` are relative to it. */
  readonly folder: string;
  /** Within it; `.svidmint`. */
  readonly dataFolder: string;
  /** One process alone signs for the trust domain: it is on a loopback host, or the operator says so. */
  readonly single: boolean;
  /** No start, so that keys are in use already: where `keys.yaml` is not there, it was lost, or `keys:` was. */
  readonly again?: boolean;
  /** Reads YAML. */
  readonly parse: (text: string) => unknown;
}

export interface LocalKeys {
  readonly keys: KeysConfig;
  /** Of `keys.yaml`. */
  readonly path: string;
  /** They were made just now: verifiers have to fetch the bundle. */
  readonly created: boolean;
}

/**
 * The keys of an issuer whose configuration has no `keys:`: one root, one JWT and one WIT key, made at the first start, with
 * their timeline in `keys.yaml`, which from then on is configuration like any other and may be edited.
 * @throws ConfigError where several processes would each make keys of their own, or the file is not right
 */
export async function localKeys(options: LocalKeysOptions): Promise<LocalKeys> {
  const { folder, dataFolder, single } = options;
  if (!single) {
    const message =
      "is required: keys are made here only for an issuer on a loopback host or with single_instance: true, since each instance would make its own";
    throw new ConfigError([{ path: ["keys"], message, severity: "error" }]);
  }
  await refuseOpenFolder(join(folder, dataFolder));
  const path = join(folder, dataFolder, "keys.yaml");
  const there = await read(path);
  if (there !== undefined) return { keys: parsed(there, path, options), path, created: false };
  if (options.again === true) {
    const message = `neither they nor ${path} are there, where the keys in use were named: put back what is gone (a start would make others)`;
    throw new ConfigError([{ path: ["keys"], message, severity: "error" }]);
  }
  const created = await create(path, options);
  // Where another process was faster, its keys are the ones.
  return { keys: parsed((await read(path)) ?? "", path, options), path, created };
}

/** Whoever can put files into it can put others in their place. */
async function refuseOpenFolder(path: string): Promise<void> {
  const there = await unlessMissing(stat(path));
  if (there === undefined || (there.mode & OTHERS_WRITE) === 0) return;
  const message = `${path} can be written by anybody: chmod o-w it, and consider the keys in it known`;
  throw new ConfigError([{ path: ["keys"], message, severity: "error" }]);
}

function read(path: string): Promise<string | undefined> {
  return unlessMissing(readFile(path, "utf8"));
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parsed(text: string, path: string, { parse }: LocalKeysOptions): KeysConfig {
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    throw new ConfigError([{ path: ["keys"], message: `${path} is not yaml`, severity: "error" }]);
  }
  const keys = keysSchema.safeParse(document);
  if (keys.success) return keys.data;
  throw new ConfigError(
    keys.error.issues.map((issue) => ({
      path: ["keys", ...issue.path.filter((part) => typeof part !== "symbol")],
      message: `${path}: ${issue.code === "unrecognized_keys" ? `no such member: ${issue.keys.join(", ")}` : issue.message}`,
      severity: "error",
    })),
  );
}

/** @returns false where another process made them first */
async function create(path: string, options: LocalKeysOptions): Promise<boolean> {
  const { platform, folder, dataFolder } = options;
  await mkdir(join(folder, dataFolder), { recursive: true, mode: 0o700 });
  const [root, jwt, wit] = [
    await platform.generateKey("P-256"),
    await platform.generateKey("P-256"),
    await platform.generateKey("P-256"),
  ];
  const now = platform.now();
  // Names that no other attempt has: one that was cut short leaves files that nobody refers to.
  const suffix = Array.from(platform.random(4), (b) => b.toString(16).padStart(2, "0")).join("");
  const ids = { root: `root-${suffix}`, jwt: `jwt-${suffix}`, wit: `wit-${suffix}` };
  const files = [
    [`${ids.root}.key`, await keyPem(root, platform)],
    [`${ids.root}.pem`, await rootPem(root, now, options)],
    [`${ids.jwt}.key`, await keyPem(jwt, platform)],
    [`${ids.wit}.key`, await keyPem(wit, platform)],
    [`keys.yaml.${suffix}`, timeline(ids, dataFolder, now)],
  ] as const;
  for (const [name, content] of files) await writeNew(join(folder, dataFolder, name), content); // oxlint-disable-line no-await-in-loop -- five
  await syncDirectory(join(folder, dataFolder));
  const draft = `${path}.${suffix}`;
  try {
    await link(draft, path);
    await syncDirectory(join(folder, dataFolder));
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    for (const [name] of files.slice(0, -1)) await unlink(join(folder, dataFolder, name)); // oxlint-disable-line no-await-in-loop -- four
    return false;
  } finally {
    await unlink(draft);
  }
}

function timeline(
  { root, jwt, wit }: { readonly root: string; readonly jwt: string; readonly wit: string },
  dataFolder: string,
  now: number,
): string {
  const entry = (id: string, ...more: readonly string[]): string =>
    [
      `  - id: ${id}`,
      "backend: local",
      `private_key: file:${dataFolder}/${id}.key`,
      ...more,
      `published_at: ${formatInstant(now)}`,
    ].join("\n    ");
  return [
    "# Made by svidmint at its first start. This is the `keys:` of the configuration beside it: see docs/keys.md.",
    "x509:",
    entry(root, `certificate: file:${dataFolder}/${root}.pem`),
    "jwt:",
    entry(jwt),
    "wit:",
    entry(wit),
    "",
  ].join("\n");
}

async function keyPem(key: PrivateKey, platform: Platform): Promise<string> {
  return encodePem("PRIVATE KEY", await platform.exportPrivateKey(key));
}

async function rootPem(
  key: PrivateKey,
  now: number,
  { platform, trustDomain }: LocalKeysOptions,
): Promise<string> {
  const { spki } = key.publicKey;
  const tbs = buildCaTbs({
    trustDomain,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: now - BACKDATE_SECONDS,
    notAfter: now + ROOT_LIFE_SECONDS,
    pathLength: 1,
    scheme: ES256,
  });
  const signature = await platform.sign(ES256, key, tbs);
  return encodePem("CERTIFICATE", assembleCertificate(tbs, ES256, signature));
}

/** Never over an existing file, and on disk before anything refers to it. */
async function writeNew(path: string, content: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
