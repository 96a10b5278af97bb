import { toHex } from "../encoding/bytes.ts";
import {
  TAG,
  derOid,
  derString,
  isSequence,
  isSet,
  readDer,
  type DerNode,
} from "../encoding/der/reader.ts";

/** A distinguished name (RFC 5280 §4.1.2.4) in the forms that chaining and name constraints compare. */
export interface DistinguishedName {
  /** DER Name as it stood. */
  readonly raw: Uint8Array;
  /** One text a relative name, equal for names that RFC 5280 §7.1 calls equal. Empty: the empty name. */
  readonly rdns: readonly string[];
  /** All of `rdns`, unambiguous: equal for equal names. */
  readonly key: string;
  /** Addresses in emailAddress attributes, which rfc822Name constraints reach too (§4.2.1.10). */
  readonly emails: readonly string[];
}

const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
/** BIT STRING (of a unique identifier), TeletexString, UniversalString, BMPString. */
const OLD_TAGS: readonly number[] = [TAG.bitString, 20, 28, 30];
/** Soft hyphens, joiners, variation selectors, control characters that are no white space. */
const UNSEEN = /[\p{Cf}\p{VS}\u034f\ufffc]|[^\P{Cc}\s\x85]/gu;
/** Begins a value that is known by its bytes alone. Folded text has no upper-case letter, nor has any OID. */
export const OLD_VALUE = "X";

/** @returns undefined where it is no Name, or a text is not within its type's alphabet */
export function readName(node: DerNode | undefined): DistinguishedName | undefined {
  if (!isSequence(node)) return undefined;
  const rdns: string[] = [];
  const emails: string[] = [];
  for (const rdn of node.children) {
    if (!isSet(rdn) || rdn.children.length === 0) return undefined;
    const attributes: string[] = [];
    for (const attribute of rdn.children) {
      const [typeNode, value, more] = isSequence(attribute) ? attribute.children : [];
      const type = derOid(typeNode);
      if (type === undefined || value === undefined || more !== undefined) return undefined;
      const text = readText(value);
      if (text === undefined) return undefined;
      attributes.push(`${type}=${text}`);
      if (type === EMAIL_ADDRESS) emails.push(derString(value) ?? "");
    }
    // SET OF has no order of its own.
    rdns.push(
      attributes.length === 1 ? attributes.join("") : JSON.stringify(attributes.toSorted()),
    );
  }
  return { raw: node.raw, rdns, key: JSON.stringify(rdns), emails };
}

/**
 * Text as it is prepared for comparison (RFC 4518 §2, RFC 5280 §7.1), the old types as the bytes they are; what is no
 * string is no part of a name.
 */
function readText(value: DerNode): string | undefined {
  if (value.tagClass !== 0 || value.constructed) return undefined;
  if (OLD_TAGS.includes(value.tag)) return OLD_VALUE + toHex(value.raw);
  const text = derString(value)
    ?.replaceAll(UNSEEN, "")
    .normalize("NFKC")
    // Each alone, by way of upper case: so ß is SS, and a sigma at the end a sigma. The dotless i stays a letter of its own.
    .replaceAll(/[^\u0131]/gu, (character) => character.toUpperCase().toLowerCase())
    .normalize("NFKC")
    .replaceAll(/[\s\x85]+/g, " ")
    .trim();
  return text === undefined ? undefined : `"${text}`;
}

/** Attribute types (RFC 5280 appendix A.1). */
export const ATTRIBUTE = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  organizationalUnit: "2.5.4.11",
} as const;

/**
 * The values of all attributes of one type, in the order of the name, as they stand and not folded.
 * @returns undefined where one of them is of an old string type, whose text is anybody's guess
 */
export function attributeTexts(name: DistinguishedName, type: string): string[] | undefined {
  const read = readDer(name.raw);
  const attributes = read.ok ? read.value.children.flatMap(({ children }) => children) : [];
  const texts: string[] = [];
  for (const { children } of attributes) {
    if (derOid(children[0]) !== type) continue;
    const text = derString(children[1]);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}
