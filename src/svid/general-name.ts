import { isContext, type DerNode } from "../encoding/der/reader.ts";
import { readName, type DistinguishedName } from "./name.ts";

/** A GeneralName (RFC 5280 §4.2.1.6), in a subject alternative name or as the base of a name constraint. */
export type GeneralName =
  | { readonly type: "dns" | "email" | "uri"; readonly value: string }
  | { readonly type: "ip"; readonly value: Uint8Array }
  | { readonly type: "directory"; readonly value: DistinguishedName }
  /** otherName, x400Address, ediPartyName, registeredID: told apart by their tag, never looked into. */
  | { readonly type: "other"; readonly tag: number };

/** Nested structures, hence constructed; the rest of 0 to 8 is primitive. */
const CONSTRUCTED = new Set([0, 3, 4, 5]);
const TEXT = new Map<number, "dns" | "email" | "uri">([
  [1, "email"],
  [2, "dns"],
  [6, "uri"],
]);

/** @returns undefined for what is no GeneralName, or text with spaces, control characters or beyond ASCII */
export function readGeneralName(node: DerNode | undefined): GeneralName | undefined {
  if (node === undefined || node.tag > 8 || !isContext(node, node.tag)) return undefined;
  const { tag } = node;
  if (node.constructed !== CONSTRUCTED.has(tag)) return undefined;
  const text = TEXT.get(tag);
  if (text !== undefined) {
    const value = visibleAscii(node.content);
    return value === undefined ? undefined : { type: text, value };
  }
  if (tag === 7) return { type: "ip", value: node.content };
  if (tag !== 4) return { type: "other", tag };
  // Name is a CHOICE, so that its tag is explicit.
  const value = node.children.length === 1 ? readName(node.children[0]) : undefined;
  return value === undefined ? undefined : { type: "directory", value };
}

/** A space or a NUL in an identifier serves only to make two readers disagree. */
function visibleAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (const byte of bytes) {
    if (byte < 0x21 || byte > 0x7e) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
