import { equalBytes, toHex } from "../encoding/bytes.ts";
import {
  derInteger,
  derOid,
  derTime,
  isContext,
  isSequence,
  readDer,
  unwrap,
  type DerNode,
} from "../encoding/der/reader.ts";
import type { SignatureScheme } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import type { CaNameConstraints } from "./ca-certificate.ts";
import { algorithmBytes } from "./x509-lint-constants.ts";

/** What the intermediate about to be signed has to say. Comes from the root and the configuration, not from the builder. */
export interface IntermediateExpectation {
  readonly trustDomain: string;
  /** DER SubjectPublicKeyInfo of the key that was born for it. */
  readonly spki: Uint8Array;
  readonly subjectKeyId: Uint8Array;
  /** Of the root. */
  readonly scheme: SignatureScheme;
  readonly issuer: {
    /** DER Name, as the subject stands in the root. */
    readonly name: Uint8Array;
    readonly keyId: Uint8Array;
    readonly notAfter: number;
  };
  readonly nameConstraints: CaNameConstraints;
  /** Unix seconds. */
  readonly now: number;
  readonly latestNotAfter: number;
}

/** Room for clocks that lag. */
const MAX_BACKDATE_SECONDS = 120;

/** Hex of what an extension has to hold; its type, criticality and value. Written by hand from RFC 5280. */
type Wanted = readonly [type: string, critical: boolean, value: string];

/**
 * Reads the TBSCertificate of an intermediate before the root signs it, and compares all of it with what was decided.
 * As `lintX509SvidTbs`, it shares nothing with the builder but the DER alphabet, so that a fault there shows here.
 * Never throws.
 * @returns `lint_failed` with the first field that is wrong
 */
export function lintIntermediateTbs(
  tbs: Uint8Array,
  expected: IntermediateExpectation,
): Result<void> {
  const read = readDer(tbs);
  if (!read.ok || !isSequence(read.value)) return wrong("structure");
  const [version, serial, algorithm, issuer, validity, subject, spki, extensions, more] =
    read.value.children;
  if (more !== undefined || version === undefined || toHex(version.raw) !== "a003020102")
    return wrong("version");
  const number = derInteger(serial);
  if (number === undefined || number.length < 17 || number.length > 19) return wrong("serial");
  const wantedAlgorithm = algorithmBytes(expected.scheme);
  if (wantedAlgorithm === undefined || !same(algorithm, wantedAlgorithm))
    return wrong("signature algorithm");
  if (!same(issuer, expected.issuer.name)) return wrong("issuer");
  const time = validityProblem(validity, expected);
  if (time !== undefined) return wrong(time);
  if (subject === undefined || toHex(subject.raw) !== subjectHex(expected)) return wrong("subject");
  if (!same(spki, expected.spki)) return wrong("public key");
  const list = isContext(extensions, 3) ? unwrap(extensions, 3) : undefined;
  const problem = isSequence(list)
    ? extensionProblem(list.children, wantedExtensions(expected))
    : "extensions";
  return problem === undefined ? ok(undefined) : wrong(problem);
}

function validityProblem(
  validity: DerNode | undefined,
  { now, latestNotAfter, issuer }: IntermediateExpectation,
): string | undefined {
  if (!isSequence(validity) || validity.children.length !== 2) return "validity";
  const [notBefore, notAfter] = validity.children.map(derTime);
  if (notBefore === undefined || notAfter === undefined) return "validity";
  if (notBefore > now || notBefore < now - MAX_BACKDATE_SECONDS) return "not before";
  if (notAfter <= now || notAfter > latestNotAfter) return "not after";
  return notAfter > issuer.notAfter ? "not after, issuer's end" : undefined;
}

/** Each of them once, in any order, and no other. */
function extensionProblem(
  nodes: readonly DerNode[],
  wanted: readonly Wanted[],
): string | undefined {
  const left = new Map(wanted.map((one) => [one[0], one]));
  for (const node of nodes) {
    const [type, second, third] = node.children;
    const name = derOid(type) ?? "";
    const one = left.get(name);
    if (one === undefined) return "extension type, or twice";
    left.delete(name);
    const [, critical, value] = one;
    const octets = critical ? third : second;
    if (!isSequence(node) || node.children.length !== (critical ? 3 : 2))
      return `extension ${name}`;
    if (critical && (second === undefined || toHex(second.raw) !== "0101ff"))
      return `extension ${name}, criticality`;
    if (octets === undefined || octets.raw[0] !== 0x04 || toHex(octets.content) !== value)
      return `extension ${name}, value`;
  }
  return left.size === 0 ? undefined : "extension missing";
}

function wantedExtensions(expected: IntermediateExpectation): readonly Wanted[] {
  const { trustDomain, subjectKeyId, issuer, nameConstraints } = expected;
  const all: Wanted[] = [
    ["2.5.29.19", true, "30060101ff020100"],
    ["2.5.29.15", true, "03020204"],
    ["2.5.29.14", false, tlv("04", toHex(subjectKeyId))],
    ["2.5.29.35", false, tlv("30", tlv("80", toHex(issuer.keyId)))],
    ["2.5.29.17", false, tlv("30", tlv("86", textHex(`spiffe://${trustDomain}`)))],
  ];
  const excluded = `30028200${tlv("30", `8708${"00".repeat(8)}`)}${tlv("30", `8720${"00".repeat(32)}`)}`;
  const permitted = tlv("a0", tlv("30", tlv("86", textHex(trustDomain))));
  const uri = nameConstraints === "permit_uri" ? permitted : "";
  if (nameConstraints !== "none")
    all.push(["2.5.29.30", true, tlv("30", uri + tlv("a1", excluded))]);
  return all;
}

/** O=svidmint, CN=ca and the key id. */
function subjectHex({ subjectKeyId }: IntermediateExpectation): string {
  const named = (type: string, text: string): string =>
    tlv("31", tlv("30", `06035504${type}${tlv("0c", textHex(text))}`));
  return tlv("30", named("0a", "svidmint") + named("03", `ca ${toHex(subjectKeyId)}`));
}

function tlv(tag: string, content: string): string {
  const length = content.length / 2;
  const hex = length.toString(16).padStart(length < 0x100 ? 2 : 4, "0");
  return tag + (length < 0x80 ? "" : length < 0x100 ? "81" : "82") + hex + content;
}

function textHex(text: string): string {
  let hex = "";
  for (let at = 0; at < text.length; at++) hex += text.charCodeAt(at).toString(16).padStart(2, "0");
  return hex;
}

function same(node: DerNode | undefined, bytes: Uint8Array): boolean {
  return node !== undefined && bytes.length > 2 && equalBytes(node.raw, bytes);
}

function wrong(field: string): Result<never> {
  return fail("lint_failed", `intermediate: ${field}`);
}
