import { fail, ok, type Result } from "../result.ts";
import { utf8Decode } from "./bytes.ts";

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
 * twice, a name with an escape in it, nesting beyond the limit, lone surrogates, and numbers too big for a double.
 * @returns `json_malformed` | `json_duplicate_key`
 */
export function parseJson(input: Uint8Array | string, limits?: JsonLimits): Result<JsonValue> {
  const text = typeof input === "string" ? input : utf8Decode(input);
  if (text === undefined) return fail("json_malformed", "not utf-8");
  // `JSON.parse` keeps the last of two members of one name and does not say so. In text that it accepts, each
  // colon outside strings is one member: fewer members in the value than colons in the text means one was lost.
  const members = countMembers(text, limits?.maxDepth ?? MAX_DEPTH);
  if (members === TOO_DEEP) return fail("json_malformed", "nested too deeply");
  if (members === ESCAPED_NAME) return fail("json_malformed", "escape in a member name");
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("json_malformed");
  }
  // Bytes that are UTF-8 hold a lone surrogate only as an escape; text may hold it as it is.
  const kept = keptMembers(value, typeof input === "string" || text.includes("\\u"));
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
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const TOO_DEEP = -1;
const ESCAPED_NAME = -2;

/**
 * Colons outside strings. Text that is not JSON gives any number.
 * Names with escapes are refused because V8 misreads them (nodejs/node#63785): once any document had a name with a
 * backslash, `{"\u0061":1}` can be read as `{"\\":1}` in the same process. Nobody who signs evidence writes such names.
 */
function countMembers(text: string, maxDepth: number): number {
  const end = text.length;
  let members = 0;
  let depth = 0;
  let escaped = false;
  // Strings are most of a document: they are jumped over, from one backslash to the next, to their closing quote.
  let backslash = indexOr(text.indexOf("\\"), end);
  for (let at = 0; at < end; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        let close = indexOr(text.indexOf('"', at + 1), end);
        escaped = backslash < close;
        while (backslash < close) {
          const after = backslash + 2;
          if (close < after) close = indexOr(text.indexOf('"', after), end);
          backslash = indexOr(text.indexOf("\\", after), end);
        }
        at = close;
        break;
      }
      case COLON:
        if (escaped) return ESCAPED_NAME;
        members++;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) return TOO_DEEP;
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

function indexOr(index: number, otherwise: number): number {
  return index < 0 ? otherwise : index;
}

/** @param surrogates whether lone ones are possible. Members of the value at all depths, or −1 where it holds what I-JSON forbids. The depth is bounded above. */
function keptMembers(value: JsonValue | undefined, surrogates: boolean): number {
  if (typeof value === "string") return surrogates && hasLoneSurrogate(value) ? -1 : 0;
  if (typeof value === "number") return Number.isFinite(value) ? 0 : -1;
  if (typeof value !== "object" || value === null) return 0;
  if (isJsonObject(value)) {
    const names = Object.keys(value);
    let members = names.length;
    for (const name of names) {
      if (surrogates && hasLoneSurrogate(name)) return -1;
      const within = keptMembers(value[name], surrogates);
      if (within < 0) return -1;
      members += within;
    }
    return members;
  }
  let members = 0;
  for (const item of value) {
    const within = keptMembers(item, surrogates);
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
