import * as z from "zod/mini";
import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { isMap } from "../policy/schema-issues.ts";
import { SVID_USES, type SvidUse } from "../signer/algorithms.ts";
import type { BackendDeps } from "../signer/backend.ts";
import { privateKeyReader, readPublicFiles } from "../signer/key-material.ts";
import { activeFrom, instant, keysSchema, type KeysConfig } from "../signer/keys-schema.ts";
import { readConfiguredKeys, timelineEntries, type LoadKeysDeps } from "../signer/load-keys.ts";
import { readPrivateKey } from "../signer/private-key.ts";
import { resolveTimeline } from "../signer/timeline.ts";

/** How keys are to be opened, where a configuration is judged with them. */
export interface KeyOpening extends Pick<
  LoadKeysDeps,
  "readPrivate" | "backends" | "modes" | "env" | "publicOnly"
> {
  /** Also where nothing else is wrong: before something else is opened, which may be wrong itself. */
  readonly always?: boolean;
}

type JudgeDeps = Omit<LoadKeysDeps, "report">;

/**
 * What is wrong with `keys:` beside their form, which was checked. Warnings are for when they are opened in earnest.
 * @param timed whether trust domain and refresh hint are known; else, and in a list whose form is wrong, files alone are
 *   looked at, each by itself
 */
export async function judgeKeys(
  keys: unknown,
  timed: boolean,
  deps: JudgeDeps,
): Promise<readonly ConfigIssue[]> {
  const whole: KeysConfig = {};
  const issues: ConfigIssue[] = [];
  for (const use of SVID_USES) {
    const list: unknown = isMap(keys) ? keys[use] : undefined;
    const parsed = keysSchema.safeParse({ [use]: list });
    if (timed && parsed.success) Object.assign(whole, parsed.data);
    else issues.push(...(await judgeFiles(use, list, deps))); // oxlint-disable-line no-await-in-loop -- three
  }
  try {
    await readConfiguredKeys(whole, { ...deps, report: () => undefined });
    return issues;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [...issues, ...error.issues];
  }
}

/** As much of an entry as says when its files may be gone. */
const timedEntry = () =>
  z.looseObject({
    id: z.string(),
    published_at: instant,
    active_from: activeFrom,
    retired_at: z.optional(instant),
    removed_at: z.optional(instant),
  });

async function judgeFiles(
  use: SvidUse,
  list: unknown,
  deps: JudgeDeps,
): Promise<readonly ConfigIssue[]> {
  const entries = z.array(timedEntry()).safeParse(list);
  if (!entries.success) return [];
  const issues: ConfigIssue[] = [];
  const { refreshHint, longestLife, now } = deps;
  const rules = { refreshHint, longestLife: longestLife[use] };
  const lives = resolveTimeline(timelineEntries(entries.data), rules);
  for (const [index, entry] of entries.data.entries()) {
    if ((lives[index]?.removedAt ?? 0) <= now) continue;
    const complain = (field: string, message: string): void =>
      void issues.push({ severity: "error", path: ["keys", use, index, field], message });
    await readFiles(entry, deps, complain); // oxlint-disable-line no-await-in-loop -- a handful, once
  }
  return issues;
}

async function readFiles(
  entry: Readonly<Record<string, unknown>>,
  { platform, read, readPrivate = read, env, publicOnly }: JudgeDeps,
  complain: BackendDeps["complain"],
): Promise<void> {
  const named = (field: string, form: RegExp): string | undefined => {
    const reference = entry[field];
    return typeof reference === "string" && form.test(reference) ? reference : undefined;
  };
  const names = {
    public_key: named("public_key", /^(?:file|data):./),
    certificate: named("certificate", /^(?:file|data):./),
  };
  await readPublicFiles(names, read, complain);
  const secret = entry["backend"] === "local" && named("private_key", /^(?:file|env):./);
  if (typeof secret !== "string" || publicOnly === true) return;
  const deps = { platform, read, readPrivate: privateKeyReader(readPrivate), env, complain };
  await readPrivateKey(secret, deps);
}
