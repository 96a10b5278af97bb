import { equalBytes } from "../encoding/bytes.ts";
import type { CryptoPrimitives, PublicKey } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { isSelfIssued, parseCertificate, type Certificate } from "../svid/certificate.ts";
import { OID } from "../svid/extensions.ts";
import type { CaNameConstraints } from "../svid/ca-certificate.ts";
import { validatePath } from "../svid/path.ts";
import { checkSigningCertificate } from "../svid/signing-certificate.ts";
import type { IssuingCertificate } from "../svid/x509-svid.ts";
import { areNamesBound } from "./upstream-constraints.ts";

export interface ExpectedChain {
  /** As configured: what the bundle shows. */
  readonly root: Certificate;
  /** Of the intermediate. */
  readonly key: PublicKey;
  readonly trustDomain: TrustDomain;
  /** Unix seconds. */
  readonly now: number;
  /** The end that was asked for. */
  readonly notAfter: number;
  /** Those that were asked for. */
  readonly nameConstraints: CaNameConstraints;
}

export interface CertifiedChain {
  /** The intermediate. Its `notAfter` is the earliest end on the path, the root's included. */
  readonly certificate: IssuingCertificate;
  readonly serial: Uint8Array;
  /** DER, without the root. */
  readonly chain: readonly Uint8Array[];
}

/** More than any company has between its root and what it signs. */
const MAX_CHAIN = 5;
/** A CA may count the life from its own clock. Beyond that a longer life would make a stolen key worth more than is said. */
const MAX_OVERRUN = 300;

/**
 * Whether a leaf below this chain would verify for everybody who has the bundle, and for nothing but what it should:
 * all of it is judged before anything is signed by the key.
 * @param answer as the CA gave it
 */
export async function checkUpstreamChain(
  answer: readonly Uint8Array[],
  expected: ExpectedChain,
  crypto: CryptoPrimitives,
): Promise<Result<CertifiedChain>> {
  const { root, trustDomain, now } = expected;
  if (answer.length > MAX_CHAIN + 1) return unsound("more certificates than any chain has");
  const all: Certificate[] = [];
  for (const [at, der] of answer.entries()) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) return unsound(`certificate ${at} is malformed: ${parsed.error.detail ?? ""}`);
    all.push(parsed.value);
  }
  if (all.length > 1 && equalBytes(all.at(-1)?.raw ?? new Uint8Array(0), root.raw)) all.pop();
  const [intermediate, ...between] = all;
  if (intermediate === undefined) return unsound("it holds no certificate");
  const wrong =
    intermediateProblem(intermediate, expected) ??
    between
      .map((ca) => signingProblem(ca, { trustDomain, now, signs: "intermediates" }))
      .find((problem) => problem !== undefined);
  if (wrong !== undefined) return unsound(wrong);
  const rules = { now, purposes: [OID.serverAuth, OID.clientAuth], leaf: "any" } as const;
  const path = await validatePath(intermediate, between, [root], rules, crypto);
  if (!path.ok) return unsound(`no path to the configured root: ${path.error.detail ?? ""}`);
  const found = path.value;
  const inOrder = all.every(({ raw }, at) => equalBytes(raw, found[at]?.raw ?? new Uint8Array(0)));
  if (found.length !== all.length + 1 || !inOrder)
    return unsound("certificates that are not on the path, or not in its order");
  if (!leavesRoom(found)) return unsound("a path length above it forbids the intermediate");
  const { nameConstraints } = expected;
  if (!areNamesBound(all, nameConstraints, trustDomain))
    return unsound(
      `it lacks the name constraints ${nameConstraints}: have the CA take those of the request, or set name_constraints: none`,
    );
  const { raw, subject, extensions, notBefore, serial } = intermediate;
  const notAfter = Math.min(...found.map((certificate) => certificate.notAfter));
  const certificate = { raw, subject, extensions, notBefore, notAfter };
  return ok({ certificate, serial, chain: all.map(({ raw: der }) => der) });
}

function intermediateProblem(
  certificate: Certificate,
  { root, key, trustDomain, now, notAfter }: ExpectedChain,
): string | undefined {
  if (!equalBytes(certificate.spki, key.spki)) return "it is for another key";
  if (isSelfIssued(certificate)) return "the intermediate has the name of its issuer";
  const problem = signingProblem(certificate, { trustDomain, now, key: key.info, signs: "leaves" });
  if (problem !== undefined) return problem;
  if (certificate.extensions.basicConstraints?.pathLength !== 0)
    return "the path length of the intermediate is not 0: have the CA say so";
  if (certificate.notAfter > root.notAfter) return "it ends after the root";
  return certificate.notAfter > notAfter + MAX_OVERRUN
    ? "it lives longer than was asked for: have the CA take the end that is asked for"
    : undefined;
}

function signingProblem(
  certificate: Certificate,
  rules: Parameters<typeof checkSigningCertificate>[1],
): string | undefined {
  return checkSigningCertificate(certificate, rules).find(({ severity }) => severity === "error")
    ?.message;
}

/**
 * Whether every CA above lets a leaf be two steps further down: the intermediate counts as one here, though it was the
 * end of the path that was validated (RFC 5280 §4.2.1.9).
 */
function leavesRoom(path: readonly Certificate[]): boolean {
  return path.every(({ extensions }, at) => {
    const below = path.slice(0, at).filter((certificate) => !isSelfIssued(certificate)).length;
    return below <= (extensions.basicConstraints?.pathLength ?? Infinity);
  });
}

function unsound(detail: string): Result<never> {
  return fail("certificate_chain_invalid", detail);
}
