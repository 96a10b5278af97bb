import {
  derBitString,
  derBoolean,
  derOctets,
  derOid,
  derSmallInteger,
  isContext,
  isSequence,
  readDer,
  type DerNode,
} from "../encoding/der/reader.ts";
import { readGeneralName, type GeneralName } from "./general-name.ts";

/** The extensions of a certificate that svidmint understands (RFC 5280 §4.2.1). Absent is undefined. */
export interface Extensions {
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: KeyUsage;
  /** Object identifiers, at least one. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltName?: {
    readonly names: readonly GeneralName[];
    readonly critical: boolean;
  };
  readonly nameConstraints?: NameConstraints;
  readonly subjectKeyId?: Uint8Array;
  /** The keyIdentifier member; an authority key identifier may also name issuer and serial, which nothing reads. */
  readonly authorityKeyId?: Uint8Array;
  /** Requires policies, which are not evaluated: no path leads through it. */
  readonly policyConstraints?: true;
  /** Critical and not understood, by object identifier. */
  readonly unknownCritical: readonly string[];
}

interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength?: number;
  readonly critical: boolean;
}

interface KeyUsage {
  /** The named bits that are set. */
  readonly uses: ReadonlySet<KeyUse>;
  readonly critical: boolean;
}

/** Named bits in their order (§4.2.1.3). */
const KEY_USES = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
type KeyUse = (typeof KEY_USES)[number];

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export const OID = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyId: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  anyExtendedKeyUsage: "2.5.29.37.0",
} as const;

type Draft = { -readonly [Name in keyof Extensions]: Extensions[Name] } & {
  unknownCritical: string[];
};
/** Fills in what it reads; false where the value is malformed. */
type Reader = (value: DerNode, critical: boolean, draft: Draft) => boolean;

/**
 * @param node the SEQUENCE OF Extension
 * @returns what is wrong, as text for the operator, where any known extension is malformed or any one stands twice
 */
export function readExtensions(node: DerNode): Extensions | string {
  if (!isSequence(node) || node.children.length === 0) return "extensions";
  const draft: Draft = { unknownCritical: [] };
  const seen = new Set<string>();
  for (const extension of node.children) {
    if (!isSequence(extension)) return "extensions";
    const [typeNode, second, third, more] = extension.children;
    const type = derOid(typeNode);
    if (type === undefined || more !== undefined) return "extensions";
    if (seen.has(type)) return `extension ${type} twice`;
    seen.add(type);
    // FALSE is the default and DER leaves defaults out.
    const critical = third !== undefined;
    if (critical && derBoolean(second) !== true) return `extension ${type}, criticality`;
    const octets = derOctets(critical ? third : second);
    if (octets === undefined) return `extension ${type}`;
    const known = READERS.get(type);
    if (critical && known?.processed !== true) draft.unknownCritical.push(type);
    if (known === undefined) continue;
    const value = readDer(octets);
    if (!value.ok || !known.read(value.value, critical, draft)) return `extension ${type}`;
  }
  return draft;
}

/**
 * `processed`: path validation takes it into account, so that it may be critical. Key identifiers and access
 * descriptions must never be (§4.2.1.1, §4.2.1.2, §4.2.2.1) and are only checked for their form.
 */
const READERS: ReadonlyMap<string, { readonly processed: boolean; readonly read: Reader }> =
  new Map([
    [OID.basicConstraints, { processed: true, read: readBasicConstraints }],
    [OID.keyUsage, { processed: true, read: readKeyUsage }],
    [OID.extendedKeyUsage, { processed: true, read: readExtendedKeyUsage }],
    [OID.subjectAltName, { processed: true, read: readSubjectAltName }],
    [OID.nameConstraints, { processed: true, read: readNameConstraints }],
    [OID.subjectKeyId, { processed: false, read: readSubjectKeyId }],
    [OID.authorityKeyId, { processed: false, read: readAuthorityKeyId }],
    [OID.authorityInfoAccess, { processed: false, read: readAccessDescriptions }],
    [OID.policyConstraints, { processed: false, read: readPolicyConstraints }],
  ]);

function readBasicConstraints(value: DerNode, critical: boolean, draft: Draft): boolean {
  if (!isSequence(value)) return false;
  const [first, second, more] = value.children;
  // A default is not to be spelled out; that CAs do so with FALSE is common, and it means nothing else.
  if (first === undefined || (derBoolean(first) === false && second === undefined)) {
    draft.basicConstraints = { ca: false, critical };
    return true;
  }
  // A path length is for CAs only (§4.2.1.9).
  if (derBoolean(first) !== true || more !== undefined) return false;
  if (second === undefined) {
    draft.basicConstraints = { ca: true, critical };
    return true;
  }
  const pathLength = derSmallInteger(second);
  if (pathLength === undefined || pathLength > 255) return false;
  draft.basicConstraints = { ca: true, pathLength, critical };
  return true;
}

function readKeyUsage(value: DerNode, critical: boolean, draft: Draft): boolean {
  const bits = derBitString(value);
  const last = bits?.bytes.at(-1);
  // A named-bit list ends with a bit that is set, and at least one is.
  if (bits === undefined || last === undefined || bits.bytes.length > 2) return false;
  if (((last >> bits.unused) & 1) === 0 || bits.bytes.length * 8 - bits.unused > KEY_USES.length)
    return false;
  const uses = new Set<KeyUse>();
  for (const [at, use] of KEY_USES.entries())
    if (((bits.bytes[at >> 3] ?? 0) & (0x80 >> (at & 7))) !== 0) uses.add(use);
  draft.keyUsage = { uses, critical };
  return true;
}

function readExtendedKeyUsage(value: DerNode, _critical: boolean, draft: Draft): boolean {
  if (!isSequence(value) || value.children.length === 0) return false;
  const purposes: string[] = [];
  for (const child of value.children) {
    const purpose = derOid(child);
    if (purpose === undefined) return false;
    purposes.push(purpose);
  }
  draft.extendedKeyUsage = purposes;
  return true;
}

function readSubjectAltName(value: DerNode, critical: boolean, draft: Draft): boolean {
  if (!isSequence(value) || value.children.length === 0) return false;
  const names: GeneralName[] = [];
  for (const child of value.children) {
    const name = readGeneralName(child);
    if (name === undefined) return false;
    if (name.type === "ip" && name.value.length !== 4 && name.value.length !== 16) return false;
    names.push(name);
  }
  draft.subjectAltName = { names, critical };
  return true;
}

function readNameConstraints(value: DerNode, _critical: boolean, draft: Draft): boolean {
  if (!isSequence(value) || value.children.length === 0) return false;
  const lists: GeneralName[][] = [[], []];
  let next = 0;
  for (const list of value.children) {
    if (list.tag < next || list.tag > 1 || !isContext(list, list.tag) || !list.constructed)
      return false;
    if (list.children.length === 0) return false;
    next = list.tag + 1;
    for (const subtree of list.children) {
      // minimum is 0 and therefore absent, maximum is absent (§4.2.1.10).
      const base =
        isSequence(subtree) && subtree.children.length === 1
          ? readGeneralName(subtree.children[0])
          : undefined;
      if (base === undefined) return false;
      // An address and its mask.
      if (base.type === "ip" && base.value.length !== 8 && base.value.length !== 32) return false;
      lists[list.tag]?.push(base);
    }
  }
  draft.nameConstraints = { permitted: lists[0] ?? [], excluded: lists[1] ?? [] };
  return true;
}

function readSubjectKeyId(value: DerNode, _critical: boolean, draft: Draft): boolean {
  const id = derOctets(value);
  if (id === undefined || id.length === 0) return false;
  draft.subjectKeyId = id;
  return true;
}

function readAuthorityKeyId(value: DerNode, _critical: boolean, draft: Draft): boolean {
  if (!isSequence(value)) return false;
  let next = 0;
  let paired = 0;
  for (const member of value.children) {
    const { tag } = member;
    if (tag < next || tag > 2 || !isContext(member, tag)) return false;
    next = tag + 1;
    if (tag === 1) {
      if (!member.constructed || member.children.length === 0) return false;
      if (member.children.some((name) => readGeneralName(name) === undefined)) return false;
    } else if (member.constructed || member.content.length === 0) return false;
    if (tag === 0) draft.authorityKeyId = member.content;
    else paired++;
  }
  // Issuer and serial go together (§4.2.1.1).
  return paired !== 1;
}

function readAccessDescriptions(value: DerNode): boolean {
  return (
    isSequence(value) &&
    value.children.length > 0 &&
    value.children.every(
      (access) =>
        isSequence(access) &&
        access.children.length === 2 &&
        derOid(access.children[0]) !== undefined &&
        readGeneralName(access.children[1]) !== undefined,
    )
  );
}

function readPolicyConstraints(value: DerNode, _critical: boolean, draft: Draft): boolean {
  draft.policyConstraints = true;
  return isSequence(value) && value.children.length > 0;
}
