import { fail, ok, type Result } from "../result.ts";
import { decodeBase64, encodeBase64Lines } from "./base64.ts";

/** Textual encodings of RFC 7468, one label at a time, with nothing but white space around the blocks. */

/** @param label "CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY" … */
export function encodePem(label: string, der: Uint8Array): string {
  const { begin, end } = boundaries(label);
  return `${begin}\n${encodeBase64Lines(der)}${end}\n`;
}

interface Boundaries {
  readonly begin: string;
  readonly end: string;
}

/** Labels are constants of ours: a handful. */
const known = new Map<string, Boundaries>();

function boundaries(label: string): Boundaries {
  let found = known.get(label);
  if (found === undefined) {
    found = { begin: `-----BEGIN ${label}-----`, end: `-----END ${label}-----` };
    known.set(label, found);
  }
  return found;
}

export interface PemOptions {
  /** Blocks; 16 unless told. */
  readonly max?: number;
}

const MAX_BLOCKS = 16;

/**
 * Stricter than RFC 7468 §2 asks of parsers: no headers, no text beside the blocks, no other label, no spaces
 * within base64. Lines may have any length.
 * @returns at least one block, or `encoding_invalid`
 */
export function decodePem(text: string, label: string, options?: PemOptions): Result<Uint8Array[]> {
  const max = options?.max ?? MAX_BLOCKS;
  const { begin, end } = boundaries(label);
  const blocks: Uint8Array[] = [];
  let at = skipWhiteSpace(text, 0);
  while (at < text.length) {
    if (blocks.length === max) return invalid("too many pem blocks");
    if (!text.startsWith(begin, at)) return invalid("not a pem block");
    const bodyStart = at + begin.length;
    const bodyEnd = text.indexOf("-", bodyStart);
    if (bodyEnd < 0 || !text.startsWith(end, bodyEnd)) return invalid("pem block without end");
    if (!isLineBreak(text, bodyStart) || !isLineBreak(text, bodyEnd - 1))
      return invalid("pem boundary within a line");
    const der = decodeBase64(text.slice(bodyStart + 1, bodyEnd), { lineBreaks: true });
    if (!der.ok) return der;
    if (der.value.length === 0) return invalid("empty pem block");
    blocks.push(der.value);
    const after = bodyEnd + end.length;
    at = skipWhiteSpace(text, after);
    if (at === after && at < text.length) return invalid("text after a pem block");
  }
  return blocks.length === 0 ? invalid("no pem block") : ok(blocks);
}

function isLineBreak(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x0a || code === 0x0d;
}

function skipWhiteSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return at;
    at++;
  }
}

function invalid(detail: string): Result<never> {
  return fail("encoding_invalid", detail);
}
