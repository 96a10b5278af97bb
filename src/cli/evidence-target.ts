import { existsSync } from "node:fs";
import { boundAudience } from "../attestors/binding.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { parseCsr } from "../encoding/csr.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../encoding/json.ts";
import { decodePem } from "../encoding/pem.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { audienceBases, issuerOf } from "./audience-bases.ts";
import { configPath, readDocument } from "./config.ts";
import { CommandError, UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { platform, readPrivateKey } from "./key-file.ts";
import { printable } from "./output.ts";

/** Whom evidence is to be made for, and where S begins: the same options for every source. */
export const TARGET_OPTIONS = {
  csr: {
    type: "string",
    valueHint: "FILE",
    description: "bind to the key of this certificate request",
  },
  key: { type: "string", valueHint: "FILE", description: "bind to this private key" },
  audience: {
    type: "string",
    valueHint: "AUDIENCE",
    description:
      "instead of a key: ask for exactly this, be it an S that svidmint key new printed or the issuer URL alone",
  },
} as const;

export const BASE_OPTIONS = {
  issuer: {
    type: "string",
    valueHint: "URL",
    description: "issuer URL, or the audience configured for the evidence: what S begins with",
  },
  config: {
    type: "string",
    valueHint: "FILE",
    description: "take what S begins with from this configuration; svidmint.yaml if it is there",
  },
} as const;

export interface Target {
  readonly csr?: string | undefined;
  readonly key?: string | undefined;
  readonly audience?: string | undefined;
}

/** @param base what S begins with; asked only where a key is named. @throws UsageError, CommandError */
export async function targetAudience(
  { csr, key, audience }: Target,
  base: () => Promise<string>,
): Promise<string> {
  if ([csr, key, audience].filter((one) => one !== undefined).length !== 1)
    throw new UsageError("give one of --csr, --key and --audience");
  if (audience !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(audience))
      throw new UsageError("--audience is visible ASCII without spaces");
    return audience;
  }
  const info =
    key === undefined ? await requestedKey(csr) : (await readPrivateKey(key)).publicKey.info;
  return boundAudience(await base(), await thumbprint(platform, info));
}

async function requestedKey(csr: string | undefined) {
  const text = utf8Decode(await readInput(csr));
  const blocks =
    text === undefined ? undefined : decodePem(text, "CERTIFICATE REQUEST", { max: 1 });
  const parsed =
    blocks?.ok === true && blocks.value[0] !== undefined ? parseCsr(blocks.value[0]) : undefined;
  if (parsed?.ok === true) return parsed.value.info;
  throw new CommandError(
    `${printable(csr ?? "")} is not one certificate request in PEM; svidmint key new makes one`,
    2,
  );
}

export interface BaseOptions {
  readonly issuer?: string | undefined;
  readonly config?: string | undefined;
}

/** Which part of `evidence:` is meant: that of a type, or entries of `oidc` by name or by preset. */
export interface SourceName {
  readonly type: string;
  readonly presets: readonly string[];
  readonly entry?: string | undefined;
}

/** What S begins with, for the evidence of a source. @throws UsageError, CommandError (2) */
export async function sourceBase(source: SourceName, from: BaseOptions): Promise<string> {
  if (from.issuer !== undefined) {
    const [only] = await audienceBases(from.issuer, from.config);
    if (only !== undefined) return only.base;
  }
  const document = await configuration(from.config);
  if (document === undefined)
    throw new UsageError("say for which issuer: --issuer URL, or --config FILE");
  const [own, another] = ownAudiences(document, source);
  if (another !== undefined)
    throw new UsageError(
      "several entries of oidc may be meant, with several audiences: say --entry",
    );
  return own ?? issuerOf(document["issuer"], configPath(from.config));
}

/** The registered audience of a source, as the configuration states it. @throws UsageError, CommandError (2) */
export async function registeredAudience(name: string, from: BaseOptions): Promise<string> {
  const document = from.issuer === undefined ? await configuration(from.config) : undefined;
  const stated = section(section(document, "evidence"), name)?.["audience"];
  const first: JsonValue | undefined = Array.isArray(stated) ? stated[0] : stated;
  if (typeof first === "string") return first;
  throw new UsageError(
    `say --audience: the application registered for ${name}, as the issuer's configuration has it`,
  );
}

async function configuration(given: string | undefined): Promise<JsonObject | undefined> {
  const path = configPath(given);
  return given === undefined && !existsSync(path) ? undefined : readDocument(path);
}

/** Audiences that the configuration gives to the evidence of this source, each once. */
function ownAudiences(document: JsonObject, { type, presets, entry }: SourceName): string[] {
  const evidence = section(document, "evidence");
  const own = section(evidence, type) ?? {};
  const entries = Object.entries(own).flatMap(([name, value]) => {
    if (!isJsonObject(value)) return [];
    const preset = value["preset"];
    const meant =
      entry === undefined ? typeof preset === "string" && presets.includes(preset) : name === entry;
    return meant ? [value] : [];
  });
  const stated = (entry !== undefined || type === "oidc" ? entries : [own]).map(
    ({ audience }) => audience ?? document["issuer"],
  );
  return [...new Set(stated.filter((audience) => typeof audience === "string"))];
}

function section(parent: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = parent !== undefined && Object.hasOwn(parent, name) ? parent[name] : undefined;
  return isJsonObject(value) ? value : undefined;
}
