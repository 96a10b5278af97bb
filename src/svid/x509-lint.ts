import type { SignatureScheme } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { EXTENSION, OID_PREFIX, algorithmBytes } from "./x509-lint-constants.ts";
import { TlvCursor } from "./x509-lint-cursor.ts";

/** What the certificate about to be signed has to say. Comes from the request, the policy and the CA, not from the builder. */
export interface X509SvidExpectation {
  /** The SPIFFE ID as a URI. */
  readonly spiffeId: string;
  /** Ours, from configuration. */
  readonly trustDomain: string;
  /** DER SubjectPublicKeyInfo of the key whose possession was proved. */
  readonly spki: Uint8Array;
  readonly subjectKeyId: Uint8Array;
  readonly scheme: SignatureScheme;
  /** The CA that will sign: facts of its parsed certificate. */
  readonly issuer: {
    /** DER Name, as the subject stands in the CA certificate. */
    readonly name: Uint8Array;
    readonly keyId: Uint8Array;
    readonly notAfter: number;
  };
  /** Unix seconds of this request. */
  readonly now: number;
  /** The latest end that policy and evidence allow, Unix seconds. */
  readonly latestNotAfter: number;
}

/** What stands in the bytes that will be signed: what audit events and answers should report. */
export interface X509SvidFacts {
  readonly serial: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A certificate may begin this long before now, no longer: room for clocks that lag, not for a past. */
const MAX_BACKDATE_SECONDS = 60;

/**
 * Reads a TBSCertificate byte by byte before it is signed and compares it with what was decided.
 *
 * It shares no constant, template or code with the builder on purpose: a fault there (or a key and a template of two
 * CAs mixed up) must not be able to hide here. Every byte is read: what the profile does not name is refused, and only
 * the serial and the two times have freedom at all. Never throws.
 * @returns `lint_failed` with the first field that is wrong.
 */
export function lintX509SvidTbs(
  tbs: Uint8Array,
  expected: X509SvidExpectation,
): Result<X509SvidFacts> {
  const cursor = new TlvCursor(tbs);
  if (!cursor.enter(0x30) || cursor.end !== tbs.length) return wrong("structure");
  if (!cursor.enter(0xa0)) return wrong("version");
  const afterVersion = cursor.end;
  if (!cursor.enter(0x02) || cursor.end !== afterVersion) return wrong("version");
  if (cursor.end - cursor.at !== 1 || tbs[cursor.at] !== 2) return wrong("version");
  cursor.leave(tbs.length);

  if (!cursor.enter(0x02)) return wrong("serial");
  const serial = tbs.subarray(cursor.at, cursor.end);
  // 136 bits keep 128 random ones positive and minimal; 20 octets are the limit, 19 leave room for a sign octet.
  const first = serial[0] ?? 0;
  if (serial.length < 17 || serial.length > 19 || first === 0 || first > 0x7f)
    return wrong("serial");
  cursor.leave(tbs.length);

  const algorithm = algorithmBytes(expected.scheme);
  if (algorithm === undefined || !cursor.literal(algorithm)) return wrong("signature algorithm");
  if (expected.issuer.name.length <= 2 || !cursor.literal(expected.issuer.name))
    return wrong("issuer");

  if (!cursor.enter(0x30)) return wrong("validity");
  const afterValidity = cursor.end;
  const notBefore = cursor.time();
  const notAfter = cursor.time();
  if (notBefore === undefined || notAfter === undefined || cursor.at !== afterValidity)
    return wrong("validity");
  if (notBefore > expected.now || notBefore < expected.now - MAX_BACKDATE_SECONDS)
    return wrong("not before");
  if (notAfter <= expected.now || notAfter > expected.latestNotAfter) return wrong("not after");
  if (notAfter > expected.issuer.notAfter) return wrong("not after, issuer's end");
  cursor.leave(tbs.length);

  if (!cursor.enter(0x30) || cursor.at !== cursor.end) return wrong("subject");
  cursor.leave(tbs.length);
  if (expected.spki.length < 2 || !cursor.literal(expected.spki)) return wrong("public key");

  if (!cursor.enter(0xa3) || cursor.end !== tbs.length) return wrong("extensions");
  if (!cursor.enter(0x30) || cursor.end !== tbs.length) return wrong("extensions");
  const problem = lintExtensions(cursor, tbs.length, expected);
  if (problem !== undefined) return wrong(problem);
  return ok({ serial, notBefore, notAfter });
}

/** Each of the six extensions exactly once, in any order, and no other. */
function lintExtensions(
  cursor: TlvCursor,
  end: number,
  expected: X509SvidExpectation,
): string | undefined {
  let seen = 0;
  while (cursor.at < end) {
    if (!cursor.enter(0x30)) return "extension";
    const afterExtension = cursor.end;
    if (!cursor.literal(OID_PREFIX)) return "extension type";
    const type = cursor.byte();
    const bit = 1 << (type & 31);
    if (type > 63 || (seen & bit) !== 0) return "extension twice";
    seen |= bit;
    const critical = cursor.criticalFlag();
    if (critical === undefined) return "extension criticality";
    if (!cursor.enter(0x04) || cursor.end !== afterExtension) return "extension value";
    const problem = lintExtension(cursor, type, critical, expected);
    if (problem !== undefined) return problem;
    if (cursor.at !== afterExtension) return "extension value";
    cursor.leave(end);
  }
  return seen === EXTENSION.all ? undefined : "extension missing";
}

function lintExtension(
  cursor: TlvCursor,
  type: number,
  critical: boolean,
  expected: X509SvidExpectation,
): string | undefined {
  switch (type) {
    case EXTENSION.keyUsage:
      return critical && cursor.literal(EXTENSION.digitalSignatureOnly) ? undefined : "key usage";
    case EXTENSION.basicConstraints:
      return critical && cursor.literal(EXTENSION.notCa) ? undefined : "basic constraints";
    case EXTENSION.extendedKeyUsage:
      return !critical && cursor.literal(EXTENSION.serverAndClient)
        ? undefined
        : "extended key usage";
    case EXTENSION.subjectKeyId:
      return !critical && cursor.octets(0x04, expected.subjectKeyId) ? undefined : "subject key id";
    case EXTENSION.authorityKeyId: {
      const end = cursor.end;
      return !critical &&
        cursor.enter(0x30) &&
        cursor.end === end &&
        cursor.octets(0x80, expected.issuer.keyId)
        ? undefined
        : "authority key id";
    }
    case EXTENSION.subjectAltName:
      return critical && lintSpiffeId(cursor, expected) ? undefined : "spiffe id";
    default:
      return "extension type";
  }
}

/** Exactly one general name: the URI that was granted, of our trust domain, with a path. */
function lintSpiffeId(cursor: TlvCursor, expected: X509SvidExpectation): boolean {
  const end = cursor.end;
  if (!cursor.enter(0x30) || cursor.end !== end) return false;
  if (!cursor.enter(0x86) || cursor.end !== end) return false;
  const id = parseSpiffeId(expected.spiffeId);
  if (!id.ok || id.value.trustDomain !== expected.trustDomain || id.value.path === "") return false;
  return cursor.ascii(expected.spiffeId);
}

function wrong(field: string): Result<never> {
  return fail("lint_failed", field);
}
