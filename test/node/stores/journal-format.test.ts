import { expect, it } from "vitest";
import {
  decodeJournal,
  encodeBaseMark,
  encodeLine,
  type Change,
} from "../../../src/stores/node/journal-format.ts";

const KNOWN: Change = ["once", "k", 1];
const journalOf = (changes: unknown): Buffer =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this version never writes
  Buffer.from(encodeBaseMark(3, 0) + encodeLine(3, 1, changes as readonly Change[]));

it("reads back what it wrote", () => {
  const changes: readonly Change[] = [KNOWN, ["claim", "c", null], ["snapshot", "s", "AA=="]];
  expect(decodeJournal(3, journalOf(changes))).toEqual({ changes, complete: true });
});

it.each<[string, unknown]>([
  ["another kind", [KNOWN, ["lease", "k", 1]]],
  ["a claim that is a number", [KNOWN, ["claim", "k", 1]]],
  ["an end that is text", [KNOWN, ["once", "k", "1"]]],
  ["a snapshot that is a number", [KNOWN, ["snapshot", "k", 1]]],
  ["a key that is a number", [KNOWN, ["once", 1, 1]]],
  ["one member more", [KNOWN, ["once", "k", 1, 1]]],
  ["one member less", [KNOWN, ["claim", "k"]]],
  ["a change that is text", [KNOWN, "abc"]],
  ["no list", { once: KNOWN }],
])("passes over nothing that another version wrote: %s", (_, changes) => {
  expect(() => decodeJournal(3, journalOf(changes))).toThrow(
    "line 2 was written by another version of svidmint",
  );
});
