import { fail, ok, type Result } from "../result.ts";
import { utf8Decode } from "./bytes.ts";

/**
 * Strict CBOR (RFC 8949) for signed documents that somebody else wrote: integers, strings, lists, maps, `true`, `false`,
 * `null`. Lists and maps may be of indefinite length, as AWS writes them.
 */

export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | CborMap;
export type CborMap = ReadonlyMap<string | number, CborValue>;

/** The end of a list or map of indefinite length. */
const BREAK = Symbol("break");
/** Undefined: malformed. */
type Item = CborValue | typeof BREAK | undefined;

/**
 * Refuses, beside what is not CBOR: bytes after the one item, a key that a map has twice, keys other than text and
 * integers, text that is not UTF-8, strings in pieces, floats, `undefined`, tags, integers beyond 2^53, and nesting
 * beyond the limit. Byte strings in the result are views of the input.
 * @param maxDepth lists and maps inside each other
 * @returns `cose_malformed`
 */
export function parseCbor(bytes: Uint8Array, maxDepth: number): Result<CborValue> {
  const reader = new CborReader(bytes);
  const value = reader.item(maxDepth);
  return value === undefined || value === BREAK || !reader.done
    ? fail("cose_malformed", "not one strict cbor item")
    : ok(value);
}

export function isCborMap(value: CborValue | undefined): value is CborMap {
  return value instanceof Map;
}

class CborReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Item {
    const head = this.#bytes[this.#at++];
    if (head === undefined) return undefined;
    const major = head >> 5;
    if (major === 7) return SIMPLE.get(head);
    const nests = major === 4 || major === 5;
    if (nests && depth === 0) return undefined;
    const count = nests && (head & 31) === 31 ? Infinity : this.#argument(head & 31);
    if (count === undefined) return undefined;
    switch (major) {
      case 0:
        return count;
      case 1:
        return -1 - count;
      case 2:
        return this.#take(count);
      case 3: {
        const text = this.#take(count);
        return text && utf8Decode(text);
      }
      case 4:
        return this.#list(count, depth - 1);
      case 5:
        return this.#map(count, depth - 1);
      default:
        return undefined;
    }
  }

  /** The number that a head says or announces. */
  #argument(minor: number): number | undefined {
    if (minor < 24) return minor;
    if (minor > 27) return undefined;
    const octets = this.#take(2 ** (minor - 24));
    const value = octets?.reduce((sum, octet) => sum * 256 + octet, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }

  #take(length: number): Uint8Array | undefined {
    if (length > this.#bytes.length - this.#at) return undefined;
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  #list(count: number, depth: number): readonly CborValue[] | undefined {
    const items: CborValue[] = [];
    while (items.length < count) {
      const value = this.item(depth);
      if (value === BREAK) return count === Infinity ? items : undefined;
      if (value === undefined) return undefined;
      items.push(value);
    }
    return items;
  }

  #map(count: number, depth: number): CborMap | undefined {
    const map = new Map<string | number, CborValue>();
    while (map.size < count) {
      const key = this.item(depth);
      if (key === BREAK) return count === Infinity ? map : undefined;
      if ((typeof key !== "string" && typeof key !== "number") || map.has(key)) return undefined;
      const value = this.item(depth);
      if (value === undefined || value === BREAK) return undefined;
      map.set(key, value);
    }
    return map;
  }
}

const SIMPLE: ReadonlyMap<number, Item> = new Map<number, Item>([
  [0xf4, false],
  [0xf5, true],
  [0xf6, null],
  [0xff, BREAK],
]);
