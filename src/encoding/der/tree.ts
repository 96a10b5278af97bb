import { fail, ok, type Result } from "../../result.ts";

/**
 * Reads DER (X.690) into a tree without believing anything of it. Strict on purpose: two readers of one signed
 * structure must see the same thing. `ber` relaxes it by exactly what AWS emits in instance identity documents:
 * indefinite lengths and OCTET STRINGs in pieces.
 */
export interface DerNode {
  /** 0 universal, 1 application, 2 context-specific, 3 private. */
  readonly tagClass: 0 | 1 | 2 | 3;
  readonly constructed: boolean;
  readonly tag: number;
  /** The element as it stood: tag, length, content and, where the length was indefinite, the end mark. */
  readonly raw: Uint8Array;
  /** What stands between length and end. For an OCTET STRING use `derOctets`, which joins pieces. */
  readonly content: Uint8Array;
  /** Of a constructed element, else empty. */
  readonly children: readonly DerNode[];
}

export interface DerOptions {
  readonly ber?: boolean;
  /** 32 unless told. */
  readonly maxDepth?: number;
  /** Elements in all; 10 000 unless told. */
  readonly maxNodes?: number;
}

export const TAG = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  nul: 5,
  oid: 6,
  utf8String: 12,
  sequence: 16,
  set: 17,
  numericString: 18,
  printableString: 19,
  ia5String: 22,
  utcTime: 23,
  generalizedTime: 24,
} as const;

const TAG_CLASSES = [0, 1, 2, 3] as const;
const NONE: readonly DerNode[] = [];

/** Slices are made when asked for: most elements of a structure are never looked at. */
class Node implements DerNode {
  readonly tagClass: 0 | 1 | 2 | 3;
  readonly constructed: boolean;
  readonly tag: number;
  children: readonly DerNode[] = NONE;
  readonly #source: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;
  #contentEnd: number;
  #end: number;

  constructor(source: Uint8Array, start: number, contentStart: number) {
    const identifier = source[start]!;
    this.tagClass = TAG_CLASSES[identifier >> 6]!;
    this.constructed = (identifier & 0x20) !== 0;
    this.tag = identifier & 0x1f;
    this.#source = source;
    this.#start = start;
    this.#contentStart = contentStart;
    this.#contentEnd = contentStart;
    this.#end = contentStart;
  }

  close(contentEnd: number, end: number): void {
    this.#contentEnd = contentEnd;
    this.#end = end;
  }

  get raw(): Uint8Array {
    return this.#source.subarray(this.#start, this.#end);
  }

  get content(): Uint8Array {
    return this.#source.subarray(this.#contentStart, this.#contentEnd);
  }
}

/** Ends the descent at the first fault; never leaves this file. */
class Malformed extends Error {}

/** Exactly one element and nothing after it. @returns `der_malformed` */
export function readDer(bytes: Uint8Array, options?: DerOptions): Result<DerNode> {
  const reader = new Reader(bytes, options);
  try {
    const node = reader.element(bytes.length, 1);
    return reader.at === bytes.length ? ok(node) : fail("der_malformed", "trailing bytes");
  } catch (error) {
    if (error instanceof Malformed) return fail("der_malformed", error.message);
    throw error;
  }
}

const MAX_DEPTH = 32;
const MAX_NODES = 10_000;
const INDEFINITE = -1;

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #ber: boolean;
  readonly #maxDepth: number;
  #left: number;

  constructor(bytes: Uint8Array, options: DerOptions | undefined) {
    this.#bytes = bytes;
    this.#ber = options?.ber === true;
    this.#maxDepth = options?.maxDepth ?? MAX_DEPTH;
    this.#left = options?.maxNodes ?? MAX_NODES;
  }

  element(limit: number, depth: number): Node {
    if (depth > this.#maxDepth) throw new Malformed("nested too deeply");
    if (--this.#left < 0) throw new Malformed("too many elements");
    const start = this.at;
    if (start + 2 > limit) throw new Malformed("truncated");
    const identifier = this.#bytes[start]!;
    this.at = start + 1;
    const length = this.#length(limit);
    const node = new Node(this.#bytes, start, this.at);
    this.#checkIdentifier(node, identifier);
    if (length === INDEFINITE) {
      if (!node.constructed) throw new Malformed("primitive of indefinite length");
      this.#untilEndMark(node, limit, depth);
      return node;
    }
    const end = this.at + length;
    if (end > limit) throw new Malformed("length beyond the end");
    if (node.constructed) {
      const children: DerNode[] = [];
      while (this.at < end) children.push(this.element(end, depth + 1));
      node.children = children;
    }
    this.at = end;
    node.close(end, end);
    this.#checkPieces(node);
    return node;
  }

  #untilEndMark(node: Node, limit: number, depth: number): void {
    const children: DerNode[] = [];
    for (;;) {
      if (this.at + 2 > limit) throw new Malformed("end mark missing");
      if (this.#bytes[this.at] === 0 && this.#bytes[this.at + 1] === 0) break;
      children.push(this.element(limit, depth + 1));
    }
    node.children = children;
    node.close(this.at, this.at + 2);
    this.at += 2;
    this.#checkPieces(node);
  }

  #length(limit: number): number {
    const first = this.#bytes[this.at++]!;
    if (first < 0x80) return first;
    if (first === 0x80) {
      if (this.#ber) return INDEFINITE;
      throw new Malformed("indefinite length");
    }
    const count = first & 0x7f;
    if (count > 4 || this.at + count > limit) throw new Malformed("length too long");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#bytes[this.at++]!;
    // Shortest form only: the long form starts at 128, and its first octet is not zero.
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new Malformed("length not minimal");
    return length;
  }

  #checkIdentifier(node: Node, identifier: number): void {
    // Tags above 30 need more octets and occur in nothing that is read here.
    if (node.tag === 0x1f) throw new Malformed("tag too high");
    if (identifier === 0) throw new Malformed("end mark out of place");
    if (node.tagClass !== 0) return;
    const mustBe = node.tag === TAG.sequence || node.tag === TAG.set;
    const mayBe = mustBe || (this.#ber && node.tag === TAG.octetString) || isExternalLike(node.tag);
    if (node.constructed ? !mayBe : mustBe) throw new Malformed("wrong form of a universal type");
  }

  /** A string in pieces holds only strings of its own type. */
  #checkPieces(node: Node): void {
    if (node.tagClass !== 0 || node.tag !== TAG.octetString) return;
    for (const piece of node.children) {
      if (piece.tagClass !== 0 || piece.tag !== TAG.octetString)
        throw new Malformed("foreign piece");
    }
  }
}

/** EXTERNAL, EMBEDDED PDV and CHARACTER STRING are sequences under tags of their own. */
function isExternalLike(tag: number): boolean {
  return tag === 8 || tag === 11 || tag === 29;
}
