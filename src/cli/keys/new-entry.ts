import type { SvidUse } from "../../signer/algorithms.ts";
import { backendDefinitions, settingsOf } from "../../signer/definitions.ts";
import type { KeyMode } from "../../signer/definition.ts";
import { keysSchema, type KeyConfig } from "../../signer/keys-schema.ts";
import { schemaIssues } from "../../policy/schema-issues.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../output.ts";

/** What a new entry of `keys:` is made of; file names follow from its id. */
export interface NewKey {
  readonly id: string;
  readonly backend: string;
  readonly mode?: KeyMode | undefined;
  /** Members of the backend: `key`, and what else it needs. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly publishedAt: string;
  readonly standby?: boolean;
}

export type EntryFields = Readonly<Record<string, unknown>>;

/** An entry as it is written, in the order in which a person reads it. */
export function newEntry(use: SvidUse, key: NewKey): EntryFields {
  const { id, backend, mode, settings, publishedAt, standby } = key;
  const local = backend === "local";
  return {
    id,
    backend,
    ...(mode !== undefined && { mode }),
    ...settings,
    ...(local && settings["private_key"] === undefined && { private_key: `file:${id}.key` }),
    ...(mode === "wrapped" && { wrapped_key: `file:${id}.wrapped` }),
    ...(use === "x509" ? { certificate: `file:${id}.pem` } : { public_key: `file:${id}.pub` }),
    published_at: publishedAt,
    ...(standby === true && { active_from: "standby" }),
  };
}

/** @throws UsageError with what is wrong with its form */
export function checkedEntry(use: SvidUse, entry: EntryFields, advice: string): KeyConfig {
  const parsed = keysSchema.safeParse({ [use]: [entry] });
  const [checked] = parsed.success ? (parsed.data[use] ?? []) : [];
  if (checked !== undefined) return checked;
  const issues = parsed.success ? [] : schemaIssues(parsed.error, { [use]: [entry] });
  const why = issues.map(({ path, message }) => `${path.slice(2).join(".")}: ${message}`);
  throw new UsageError(`this is no entry of keys.${use}: ${printable(why.join("; "))}; ${advice}`);
}

/**
 * Settings that a new key has in common with one of the same backend and mode: all but those that name the key itself.
 * One key of a service may unwrap many.
 */
export function sharedSettings(entry: KeyConfig, mode: KeyMode): Readonly<Record<string, unknown>> {
  const own = new Set(["private_key", "version", ...(mode === "wrapped" ? [] : ["key"])]);
  const { name_constraints } = entry;
  return {
    ...Object.fromEntries(Object.entries(settingsOf(entry)).filter(([name]) => !own.has(name))),
    ...(name_constraints !== undefined && { name_constraints }),
  };
}

/** @throws UsageError where there is no such backend, or it has no such mode for this use */
export function checkBackend(use: SvidUse, backend: string, mode: string | undefined): KeyMode {
  const definition = backendDefinitions.find((one) => one.backend === backend);
  const modes = definition?.[use === "x509" ? "x509" : "token"] ?? [];
  if (modes.length === 0) {
    const names = backendDefinitions
      .filter((one) => one[use === "x509" ? "x509" : "token"].length > 0)
      .map((one) => one.backend);
    throw new UsageError(`backends of ${use} keys are ${names.join(", ")}`);
  }
  const found = mode === undefined ? modes[0] : modes.find((one) => one === mode);
  if (found === undefined)
    throw new UsageError(`modes of ${backend} for ${use} keys are ${modes.join(", ")}`);
  return found;
}

/** `jwt-7` is followed by `jwt-8`; what ends in no number gets the day. */
export function successorId(id: string | undefined, ids: readonly string[], now: number): string {
  const [, stem = "", digits = ""] = /^(.*[-._]|[A-Za-z]+)(\d{1,6})$/.exec(id ?? "") ?? [];
  const day = new Date(now * 1000).toISOString().slice(0, 10).replaceAll("-", "");
  let number = digits === "" ? Number(day) : Number(digits) + 1;
  const prefix = digits === "" ? `${(id ?? "key").slice(0, 50)}-` : stem;
  const name = (): string => `${prefix}${String(number).padStart(digits.length, "0")}`;
  while (ids.includes(name())) number++;
  return name();
}
