import { hash } from "node:crypto";
import type { ClaimEntry } from "../claim-rules.ts";
import { StoreError } from "../store-error.ts";

/**
 * The text of a journal. Each line is one write that was synced before anybody was answered: a checksum and the
 * values that stand from then on, so that reading it back needs no rules and an older program reads what a newer
 * one wrote. The checksum covers file and line number: a line that was lost, moved or copied does not fit.
 */
export type Change =
  | readonly ["claim", string, ClaimEntry | null]
  | readonly ["once", string, number]
  | readonly ["snapshot", string, string];

/** Ends the part of a file that repeats what the file before it held; without it the file counts for nothing. */
const BASE_MARK = '["base",1]';
const SUM_LENGTH = 16;
const NEWLINE = 10;

export function encodeLine(epoch: number, line: number, changes: readonly Change[]): string {
  return encode(epoch, line, JSON.stringify(changes));
}

export function encodeBaseMark(epoch: number, line: number): string {
  return encode(epoch, line, BASE_MARK);
}

function encode(epoch: number, line: number, json: string): string {
  return `${checksum(epoch, line, json)} ${json}\n`;
}

function checksum(epoch: number, line: number, json: string): string {
  return hash("sha256", `${epoch} ${line} ${json}`, "hex").slice(0, SUM_LENGTH);
}

export interface JournalContent {
  readonly changes: readonly Change[];
  /** The mark was seen: the file stands by itself. */
  readonly complete: boolean;
}

/**
 * A last line that is not whole was being written when the machine or the process died: nobody was answered, so it
 * is dropped. A line that is not whole before others means that the file is damaged.
 * @throws StoreError `corrupt`, with the number of the line
 */
export function decodeJournal(epoch: number, bytes: Buffer): JournalContent {
  const changes: Change[] = [];
  let complete = false;
  let start = 0;
  for (let line = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const json =
      newline < 0 ? undefined : lineAt(epoch, line, bytes.toString("utf8", start, newline));
    if (json === undefined) {
      if (newline < 0 || newline === bytes.length - 1) break;
      throw new StoreError("corrupt", `line ${line + 1} is damaged`);
    }
    if (json === BASE_MARK) complete = true;
    else changes.push(...parseChanges(json, line));
    start = newline + 1;
  }
  return { changes, complete };
}

function lineAt(epoch: number, line: number, text: string): string | undefined {
  const json = text.slice(SUM_LENGTH + 1);
  return text.slice(0, SUM_LENGTH + 1) === `${checksum(epoch, line, json)} ` ? json : undefined;
}

/** What carries our checksum was written by us; only another version of us could have written something else. */
function parseChanges(json: string, line: number): readonly Change[] {
  const parsed: unknown = JSON.parse(json);
  if (Array.isArray(parsed) && parsed.every(isChange)) return parsed;
  throw new StoreError("corrupt", `line ${line + 1} was written by another version of svidmint`);
}

function isChange(value: unknown): value is Change {
  if (!Array.isArray(value) || value.length !== 3 || typeof value[1] !== "string") return false;
  const [kind, , content]: unknown[] = value;
  if (kind === "claim") return typeof content === "object";
  return (
    (kind === "once" && typeof content === "number") ||
    (kind === "snapshot" && typeof content === "string")
  );
}
