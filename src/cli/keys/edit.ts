import { isCollection, isMap, isNode, isPair, isScalar, isSeq, parseDocument } from "yaml";
import type { YAMLMap, YAMLSeq } from "yaml";
import type { SvidUse } from "../../signer/algorithms.ts";
import { CommandError } from "../errors.ts";
import { printable } from "../output.ts";
import type { EntryFields } from "./new-entry.ts";

/** A change of one list of keys: an entry at its end, or instants of one that is there. */
export type KeyEdit =
  | { readonly add: EntryFields }
  | { readonly index: number; readonly set: Readonly<Record<string, string>> };

/**
 * Changes a file where its document says the list stands, and nowhere else: whoever compares the versions sees the
 * change alone. Lists in flow style, and those that are not there yet, are written by the document.
 * @param at where the file holds its lists of keys
 * @throws CommandError where the list is no list of its own (an alias)
 */
export function editKeys(text: string, at: readonly string[], use: SvidUse, edit: KeyEdit): string {
  const document = parseDocument(text, { version: "1.2", schema: "core", stringKeys: true });
  const path = [...at, use];
  const list = document.getIn(path);
  if (list !== undefined && !isSeq(list)) throw unusual(path);
  const spliced = list && ("add" in edit ? appended(text, list, edit.add) : set(text, list, edit));
  if (spliced !== undefined) return spliced;
  if (!("add" in edit)) {
    const entry = list?.items[edit.index];
    if (!isMap(entry)) throw unusual(path);
    for (const [name, value] of Object.entries(edit.set)) entry.set(name, value);
  } else if (list === undefined) document.setIn(path, document.createNode([edit.add]));
  else list.add(document.createNode(edit.add));
  return document.toString({ lineWidth: 0 });
}

/** @returns undefined where the list is not in block style */
function appended(text: string, list: YAMLSeq, entry: EntryFields): string | undefined {
  const indent = dashIndent(text, list);
  if (indent === undefined) return undefined;
  const lines = entryLines(entry).map((line, n) => `${indent}${n === 0 ? "- " : "  "}${line}`);
  return insertLines(text, endOf(list), lines);
}

function set(
  text: string,
  list: YAMLSeq,
  { index, set: fields }: Extract<KeyEdit, { index: number }>,
): string | undefined {
  const indent = dashIndent(text, list);
  const entry = list.items[index];
  if (indent === undefined || !isMap(entry) || entry.flow === true) return undefined;
  let changed = text;
  // From the end of the text to its beginning, so that what was found stays where it is.
  const there = Object.entries(fields).flatMap(([name, value]) => {
    const scalar = scalarOf(entry, name);
    return scalar === undefined ? [] : [{ ...scalar, value }];
  });
  const missing = Object.entries(fields).filter(([name]) => !entry.has(name));
  changed = insertLines(
    changed,
    endOf(entry),
    missing.map(([name, value]) => `${indent}  ${name}: ${value}`),
  );
  for (const { from, to, value } of there.toSorted((a, b) => b.from - a.from))
    changed = changed.slice(0, from) + value + changed.slice(to);
  return changed;
}

function scalarOf(entry: YAMLMap, name: string): { from: number; to: number } | undefined {
  const node = entry.get(name, true);
  return isScalar(node) && node.range ? { from: node.range[0], to: node.range[1] } : undefined;
}

/** What stands before the dashes of a list in block style. */
function dashIndent(text: string, list: YAMLSeq): string | undefined {
  const [first] = list.items;
  if (list.flow === true || !isNode(first) || !first.range) return undefined;
  const start = text.lastIndexOf("\n", first.range[0]) + 1;
  return /^( *)- $/.exec(text.slice(start, first.range[0]))?.[1];
}

/** Where the last value of a node ends. */
function endOf(node: unknown): number {
  if (isPair(node)) return endOf(node.value ?? node.key);
  if (isCollection(node) && node.flow !== true && node.items.length > 0)
    return endOf(node.items.at(-1));
  return isNode(node) ? (node.range?.[1] ?? 0) : 0;
}

/** Below the line on which something ends, and what is remarked behind it. */
function insertLines(text: string, end: number, lines: readonly string[]): string {
  if (lines.length === 0) return text;
  const next = text[end - 1] === "\n" ? end - 1 : text.indexOf("\n", end);
  const at = next < 0 ? text.length : next;
  return `${text.slice(0, at)}\n${lines.join("\n")}${text.slice(at)}`;
}

function entryLines(entry: EntryFields): readonly string[] {
  return Object.entries(entry).map(
    ([name, value]) => `${name}: ${isPlain(value) ? value : JSON.stringify(value)}`,
  );
}

/** Text that YAML takes for itself without quotes. */
function isPlain(value: unknown): value is string {
  return (
    typeof value === "string" &&
    /^[A-Za-z][\w./:@+-]*$|^\d{4}-\d\d-\d\dT[\d:Z+-]+$/.test(value) &&
    !/:$|^(?:true|false|null|y|n|yes|no|on|off)$/i.test(value)
  );
}

/** What to write by hand, as it stands in the list. */
export function editText(use: SvidUse, edit: KeyEdit, id: string): string {
  const lines = entryLines("add" in edit ? edit.add : { id, ...edit.set });
  const listed = lines.map((line, n) => printable(`    ${n === 0 ? "- " : "  "}${line}`));
  return ["keys:", `  ${use}:`, ...listed].join("\n");
}

function unusual(path: readonly string[]): CommandError {
  return new CommandError(
    `${path.join(".")} is not a plain list of entries: change it by hand, as printed without --write`,
    2,
  );
}
