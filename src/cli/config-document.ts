import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Alias,
  type Document,
  type Pair,
  type YAMLMap,
} from "yaml";
import type { ConfigIssue } from "../config-issue.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import type { JsonValue } from "../encoding/json.ts";
import { liberties, MAX_DEPTH, startOf } from "./yaml-liberties.ts";

/** One-based, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface ReadDocument {
  /** As parsed; undefined where it is not YAML. */
  readonly value: JsonValue | undefined;
  readonly issues: readonly (ConfigIssue & Position)[];
  /** Where in the text a path stands, or the part of it that is there. */
  locate(path: ConfigIssue["path"]): Position;
}

const START: Position = { line: 1, column: 1 };
/** Aliases that one document may resolve: enough for sharing, too few for a bomb. */
const MAX_ALIASES = 100;
/**
 * YAML 1.2, of which JSON is a part, read strictly: one document, no key twice, no tags of its own, UTF-8.
 * @returns every syntax error with its place
 */
export function readYaml(bytes: Uint8Array): ReadDocument {
  const text = utf8Decode(bytes);
  if (text === undefined) return refuse("is not UTF-8 text");
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text))
    return refuse("holds control characters");
  if (nesting(text) > MAX_DEPTH) return refuse("is nested too deeply");
  const lines = new LineCounter();
  const documents = parse(text, lines);
  if (documents === undefined) return refuse("is nested too deeply");
  const [document, another] = documents;
  if (document === undefined) return refuse("is empty");
  if (another !== undefined)
    return refuse("holds more than one document: one file is one trust domain");
  const issues = [...document.errors, ...document.warnings, ...liberties(document)]
    .toSorted((one, other) => one.pos[0] - other.pos[0])
    .slice(0, 20)
    .map(({ message, pos }) => ({
      path: [],
      message: firstLine(message),
      severity: "error" as const,
      ...position(lines, pos[0]),
    }));
  const offsetOf = offsetsIn(document);
  const locate = (path: ConfigIssue["path"]) => position(lines, offsetOf(path));
  if (issues.length > 0) return { value: undefined, issues, locate };
  try {
    const value: JsonValue = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, issues, locate };
  } catch {
    return refuse("uses too many aliases");
  }
}

/** @returns undefined where the parser ran out of stack */
function parse(text: string, lineCounter: LineCounter): readonly Document.Parsed[] | undefined {
  const options = {
    lineCounter,
    version: "1.2",
    schema: "core",
    uniqueKeys: false, // it compares each key with each before it: `liberties` looks for them
    // An account id is a key as it is written: as a number it would lose its leading zeros.
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
    prettyErrors: false,
  } as const;
  try {
    const documents = parseAllDocuments(text, options);
    return Array.isArray(documents) ? documents : [];
  } catch {
    return undefined;
  }
}

function refuse(message: string): ReadDocument {
  return {
    value: undefined,
    issues: [{ path: [], message, severity: "error", ...START }],
    locate: () => START,
  };
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return line === 0 ? START : { line, column: col };
}

/** The key of a member, the item of a list; where the path leads nowhere, the last place that is there. */
function offsetsIn(document: Document): (path: ConfigIssue["path"]) => number {
  // Once for each map and alias: there may be as many mistakes as members.
  const resolved = new Map<Alias, unknown>();
  const known = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  const pairsOf = (map: YAMLMap): ReadonlyMap<string, Pair> => {
    const pairs =
      known.get(map) ??
      new Map(
        map.items.map((pair) => [String(isScalar(pair.key) ? pair.key.value : pair.key), pair]),
      );
    known.set(map, pairs);
    return pairs;
  };
  return (path) => {
    let node: unknown = document.contents;
    let offset = startOf(node) ?? 0;
    for (const step of path) {
      if (isAlias(node)) {
        if (!resolved.has(node)) resolved.set(node, node.resolve(document));
        node = resolved.get(node);
      }
      if (isMap(node)) {
        const pair = pairsOf(node).get(String(step));
        if (pair === undefined) return offset;
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node) && typeof step === "number") {
        node = node.items[step];
        offset = startOf(node) ?? offset;
      } else {
        return offset;
      }
    }
    return offset;
  };
}

/** How deep brackets nest, however they are meant: more than in the text they cannot. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth);
    else if (char === "]" || char === "}") depth--;
  }
  return deepest;
}

function firstLine(message: string): string {
  const [line = ""] = message.split("\n");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
