import { fail, ok, type Result } from "../result.ts";
import { utf8Decode, utf8Encode } from "./bytes.ts";

/**
 * Strict JSON for input that somebody else wrote: RFC 8259 with the restrictions of I-JSON (RFC 7493) that keep
 * two readers of the same bytes from understanding different things.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/**
 * Made by `JSON.parse`, so names such as `constructor` are inherited: read a member whose name is not
 * a constant of ours with `member`.
 */
export type JsonObject = { readonly [name: string]: JsonValue | undefined };

export interface JsonLimits {
  /** Nested arrays and objects; 32 unless told. */
  readonly maxDepth?: number;
}

const MAX_DEPTH = 32;

/**
 * Refuses, beside what is not JSON: bytes that are not UTF-8, a byte order mark, a member name that an object has
 * twice (however it is escaped), nesting beyond the limit, lone surrogates, and numbers too big for a double.
 * @returns `json_malformed` | `json_duplicate_key`
 */
export function parseJson(input: Uint8Array | string, limits?: JsonLimits): Result<JsonValue> {
  const bytes = typeof input === "string" ? utf8Encode(input) : input;
  // `JSON.parse` keeps the last of two members of one name and does not say so. In text that it accepts, each
  // colon outside strings is one member: fewer members in the value than colons in the text means one was lost.
  const members = countMembers(bytes, limits?.maxDepth ?? MAX_DEPTH);
  if (members < 0) return fail("json_malformed", "nested too deeply");
  const text = typeof input === "string" ? input : utf8Decode(input);
  if (text === undefined) return fail("json_malformed", "not utf-8");
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("json_malformed");
  }
  const kept = keptMembers(value, text.includes("\\u"));
  if (kept < 0) return fail("json_malformed", "number or string out of range");
  return kept === members ? ok(value) : fail("json_duplicate_key");
}

/** @returns also `json_malformed` for any value that is not an object */
export function parseJsonObject(
  input: Uint8Array | string,
  limits?: JsonLimits,
): Result<JsonObject> {
  const parsed = parseJson(input, limits);
  if (!parsed.ok) return parsed;
  return isJsonObject(parsed.value) ? ok(parsed.value) : fail("json_malformed", "not an object");
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object's own member of that name: never `constructor`, `toString` or anything else inherited. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Colons outside strings, or −1 where brackets nest too deeply. Text that is not JSON gives any number. */
function countMembers(text: Uint8Array, maxDepth: number): number {
  let members = 0;
  let depth = 0;
  const end = text.length;
  for (let at = 0; at < end; at++) {
    switch (text[at]!) {
      case QUOTE:
        at = endOfString(text, at + 1);
        break;
      case COLON:
        members++;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) return -1;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
      default:
    }
  }
  return members;
}

/** Where the quote stands that ends the string whose first octet is at `at`. */
function endOfString(text: Uint8Array, at: number): number {
  let end = at;
  while (end < text.length && text[end] !== QUOTE) end += text[end] === BACKSLASH ? 2 : 1;
  return end;
}

/** Members of the value at all depths, or −1 where it holds what I-JSON forbids. The depth is bounded above. */
function keptMembers(value: JsonValue | undefined, escapes: boolean): number {
  if (typeof value === "string") return escapes && hasLoneSurrogate(value) ? -1 : 0;
  if (typeof value === "number") return Number.isFinite(value) ? 0 : -1;
  if (typeof value !== "object" || value === null) return 0;
  if (isJsonObject(value)) {
    const names = Object.keys(value);
    let members = names.length;
    for (const name of names) {
      if (escapes && hasLoneSurrogate(name)) return -1;
      const within = keptMembers(value[name], escapes);
      if (within < 0) return -1;
      members += within;
    }
    return members;
  }
  let members = 0;
  for (const item of value) {
    const within = keptMembers(item, escapes);
    if (within < 0) return -1;
    members += within;
  }
  return members;
}

function hasLoneSurrogate(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0xd800 || code > 0xdfff) continue;
    if (code > 0xdbff) return true;
    const next = text.charCodeAt(++at);
    if (!(next >= 0xdc00 && next <= 0xdfff)) return true;
  }
  return false;
}
