import * as z from "zod/mini";
import { activeKey, learntAt, resolveTimeline, type KeyLife } from "../../signer/timeline.ts";
import { formatInstant } from "../../signer/instant.ts";
import { timelineEntries } from "../../signer/load-keys.ts";
import { modeOf, type KeyConfig } from "../../signer/keys-schema.ts";
import { readData } from "../config.ts";
import { defineCommand } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import { editText, type KeyEdit } from "../keys/edit.ts";
import { CONFIG_OPTION, loadKeys, rulesOf, USE_ARGUMENT, useArgument } from "../keys/load.ts";
import { publicKeySet } from "../keys/material.ts";
import {
  checkBackend,
  checkedEntry,
  newEntry,
  sharedSettings,
  successorId,
  type EntryFields,
} from "../keys/new-entry.ts";
import { emergencyOutlook, rotationOutlook, type Outlook } from "../keys/plan.ts";
import { writeEdit } from "../keys/write.ts";
import { platform } from "../key-file.ts";
import { print, printable, printError, printJson } from "../output.ts";
import { formatTime, parseTime } from "../time.ts";

export default defineCommand({
  about:
    "Plans the next key of a list, or with --emergency the removal of a lost one: prints the YAML to add or change, what happens when, and until when what stays valid. Nothing is changed without --write, which edits the file in one step and leaves comments where they are. Make the key itself before, with svidmint keys create.",
  args: {
    ...USE_ARGUMENT,
    ...CONFIG_OPTION,
    "new-id": {
      type: "string",
      valueHint: "ID",
      description: "id of the new key [default: the next number after that of the active one]",
    },
    entry: {
      type: "string",
      valueHint: "FILE",
      description: "the entry, as svidmint keys create --out wrote it, in place of the next three",
    },
    backend: {
      type: "string",
      valueHint: "NAME",
      description: "where the new key lies [default: where the active one does]",
    },
    mode: { type: "string", valueHint: "MODE", description: "how it signs [default: likewise]" },
    key: { type: "string", valueHint: "KEY", description: "the key as its service names it" },
    at: {
      type: "string",
      valueHint: "TIME",
      description: "when the new key is published: RFC 3339 or Unix seconds [default: now]",
    },
    standby: { type: "boolean", description: "the new key waits for an emergency" },
    emergency: {
      type: "string",
      valueHint: "ID",
      description: "remove this key now; what it signed is refused from then on",
    },
    write: { type: "boolean", description: "change the file" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "what the next JWT key would do", command: "svidmint keys plan-rotation jwt" },
    {
      does: "with a key in AWS KMS, into the configuration",
      command:
        "svidmint keys plan-rotation jwt --entry jwt-8.entry.yaml --config prod.yaml --write",
    },
    {
      does: "a key is lost",
      command: "svidmint keys plan-rotation jwt --emergency jwt-7 --config prod.yaml --write",
    },
  ],
  async run(args) {
    const use = useArgument(args.use);
    const now = platform.now();
    const loaded = await loadKeys(args.config);
    const entries: readonly KeyConfig[] = loaded.keys[use] ?? [];
    const before = loaded.timelines[use];
    const context = { use, now, ...rulesOf(loaded.config, use) };
    const after = (changed: readonly KeyConfig[]): readonly KeyLife[] =>
      resolveTimeline(timelineEntries(changed), context);

    if (args.emergency !== undefined) {
      const given = ["new-id", "entry", "backend", "mode", "key", "at"] as const;
      if (given.some((name) => args[name] !== undefined) || args.standby === true)
        throw new UsageError("--emergency removes a key; add one by a second run");
      const { edit, lost, changed } = removal(args.emergency, use, entries, before, now);
      const outlook = emergencyOutlook(before, after(changed), lost, context);
      if (args.write === true) await writeEdit(loaded, use, edit, now);
      tell({ file: loaded.file, id: lost.id, use, edit, outlook }, args);
      return 0;
    }
    const publishedAt = args.at === undefined ? now : parseTime(args.at);
    if (publishedAt < now)
      throw new UsageError("--at has passed: a key cannot have been published");
    const active = activeKey(before, now);
    const model = entries.find(({ id }) => id === active?.id) ?? entries.at(-1);
    const drafted =
      args.entry === undefined
        ? modelled(model, { ...args, use, entries, publishedAt, now })
        : await entryFrom(args.entry, publishedAt, args.standby === true);
    // The first of its list would sign at once, though the bundles that verifiers have lack it.
    const waits = learntAt(publishedAt, loaded.config.refreshHint);
    const fields =
      entries.length === 0 ? { active_from: formatInstant(waits), ...drafted } : drafted;
    const advice = "see svidmint keys create, whose --out writes one for --entry";
    const entry = checkedEntry(use, fields, advice);
    if (entries.some(({ id }) => id === entry.id))
      throw new UsageError(`there is a key ${entry.id} already: give --new-id`);
    const outlook = rotationOutlook(before, after([...entries, entry]), entry.id, context);
    const edit = { add: fields };
    if (args.write === true)
      await writeEdit(loaded, use, edit, now, (changed) => publicKeySet(changed, now));
    tell({ file: loaded.file, id: entry.id, use, edit, outlook }, args);
    return 0;
  },
});

function removal(
  id: string,
  use: string,
  entries: readonly KeyConfig[],
  lives: readonly KeyLife[],
  now: number,
): { edit: KeyEdit; lost: KeyLife; changed: readonly KeyConfig[] } {
  const index = entries.findIndex((entry) => entry.id === id);
  const [entry, lost] = [entries[index], lives[index]];
  if (entry === undefined || lost === undefined) {
    const ids = entries.map((one) => one.id).join(", ");
    throw new UsageError(`there is no key ${printable(id)} in keys.${use}, which has ${ids}`);
  }
  if (lost.removedAt <= now)
    throw new CommandError(`${id} left the bundle at ${formatTime(lost.removedAt)} already`);
  if (lost.publishedAt > now)
    throw new CommandError(`${id} is not published yet: delete its entry, and make another key`);
  const removed_at = formatInstant(now);
  // A key that was to retire later, or at a time of its own, retires with its removal.
  const retires = entry.retired_at !== undefined && lost.retiredAt > now;
  const set = { ...(retires && { retired_at: removed_at }), removed_at };
  return { edit: { index, set }, lost, changed: entries.with(index, { ...entry, ...set }) };
}

interface Wanted {
  readonly use: "x509" | "jwt" | "wit";
  readonly entries: readonly KeyConfig[];
  readonly publishedAt: number;
  readonly now: number;
  readonly "new-id"?: string | undefined;
  readonly backend?: string | undefined;
  readonly mode?: string | undefined;
  readonly key?: string | undefined;
  readonly standby?: boolean | undefined;
}

/** A key like the one that signs now. */
function modelled(model: KeyConfig | undefined, wanted: Wanted): EntryFields {
  const { use, entries, publishedAt, now, key, standby } = wanted;
  const backend = wanted.backend ?? model?.backend ?? "local";
  const same = model?.backend === backend ? model : undefined;
  const mode = checkBackend(use, backend, wanted.mode ?? same?.mode);
  const like = same && modeOf(same, use).mode === mode ? same : undefined;
  const ids = entries.map(({ id }) => id);
  return newEntry(use, {
    id: wanted["new-id"] ?? successorId(model?.id ?? `${use}-0`, ids, now),
    backend,
    ...((wanted.mode ?? same?.mode) !== undefined && { mode }),
    settings: { ...(like && sharedSettings(like, mode)), ...(key !== undefined && { key }) },
    publishedAt: formatInstant(publishedAt),
    ...(standby === true && { standby }),
  });
}

/** One entry, or a list of one. */
const entrySchema = z.union([
  z.record(z.string(), z.unknown()),
  z.array(z.record(z.string(), z.unknown())).check(z.length(1)),
]);

async function entryFrom(
  path: string,
  publishedAt: number,
  standby: boolean,
): Promise<EntryFields> {
  const read = await readData(path, entrySchema);
  const [first = {}] = Array.isArray(read) ? read : [read];
  return {
    ...first,
    published_at: formatInstant(publishedAt),
    ...(standby && { active_from: "standby" }),
  };
}

interface Told {
  readonly file: string;
  readonly id: string;
  readonly use: "x509" | "jwt" | "wit";
  readonly edit: KeyEdit;
  readonly outlook: Outlook;
}

function tell(
  { file, id, use, edit, outlook }: Told,
  { json, write }: { readonly json?: boolean | undefined; readonly write?: boolean | undefined },
): void {
  const written = write === true;
  if (json === true) {
    printJson({
      file,
      use,
      id,
      ...("add" in edit ? { add: edit.add } : { set: edit.set }),
      written,
      steps: outlook.steps.map(({ at, what }) => ({ at: formatTime(at), what })),
      says: outlook.says,
    });
    return;
  }
  print(written ? `changed ${file}:` : `to ${"add" in edit ? "add to" : "change in"} ${file}:`);
  print(`\n${editText(use, edit, id)}\n`);
  for (const { at, what } of outlook.steps) print(printable(`${formatTime(at)}  ${what}`));
  print();
  for (const line of outlook.says) print(printable(`- ${line}`));
  if (!written) printError("nothing was changed; --write changes the file");
}
