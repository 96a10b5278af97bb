import type { ProvenKey } from "../attestors/possession.ts";
import { encodePem } from "../encoding/pem.ts";
import { toHex, utf8Encode } from "../encoding/bytes.ts";
import { encodeBase64url } from "../encoding/base64.ts";
import { encodeJws } from "../encoding/jws.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Result } from "../result.ts";
import type { JwtKey, X509Key } from "../signer/key-set.ts";
import { subjectKeyIdOf } from "../svid/key-id.ts";
import { lintJwtSvidInput } from "../svid/jwt-lint.ts";
import { buildJwtSvidInput } from "../svid/jwt-svid.ts";
import {
  assembleCertificate,
  buildX509SvidTbs,
  serialNumber,
  type X509SvidProfile,
} from "../svid/x509-svid.ts";
import { lintX509SvidTbs } from "../svid/x509-lint.ts";

/** A certificate stays valid towards verifiers whose clocks lag by this many seconds. */
const BACKDATE_SECONDS = 30;
const SERIAL_BYTES = 17;
const JTI_BYTES = 16;

export interface MintContext {
  readonly platform: Platform;
  readonly now: number;
  /** Random bytes of this request. */
  readonly random: (length: number) => Uint8Array;
  readonly trustDomain: string;
  /** `iss` of JWT-SVIDs. */
  readonly issuer: string;
  /** The SPIFFE ID as a URI. */
  readonly spiffeId: string;
}

/** Bytes that passed the lint and are about to be signed: the only thing that `sign` takes. */
interface Prepared<T> {
  readonly input: Uint8Array;
  readonly expiresAt: number;
  /** Signs, verifies the signature, and puts the SVID together. @throws SignerError */
  sign(): Promise<T>;
}

export interface PreparedX509 extends Prepared<string> {
  readonly serial: string;
  readonly signer: string;
}

export interface PreparedJwt extends Prepared<string> {
  readonly jti: string;
  readonly signer: string;
}

/** @returns `lint_failed`; `signer_unavailable` where the CA itself is about to end */
export async function prepareX509(
  key: X509Key,
  subject: ProvenKey,
  ttlSeconds: number,
  context: MintContext,
): Promise<Result<PreparedX509>> {
  const { platform, now, spiffeId, trustDomain } = context;
  const authority = key.issuer.certificate;
  const notAfter = Math.min(now + ttlSeconds, authority.notAfter);
  if (notAfter <= now)
    return fail("signer_unavailable", `the certificate of ${key.signer.id} has ended`);
  const { spki } = subject.key;
  const profile: X509SvidProfile = {
    spiffeId,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(context.random(SERIAL_BYTES)),
    notBefore: Math.max(now - BACKDATE_SECONDS, authority.notBefore),
    notAfter,
  };
  const tbs = buildX509SvidTbs(key.issuer, profile);
  const lint = lintX509SvidTbs(tbs, {
    spiffeId,
    trustDomain,
    spki,
    subjectKeyId: profile.subjectKeyId,
    scheme: key.signer.scheme,
    issuer: { name: authority.subject.raw, keyId: key.issuer.keyId, notAfter: authority.notAfter },
    now,
    latestNotAfter: notAfter,
  });
  if (!lint.ok) return lint;
  return ok({
    input: tbs,
    expiresAt: notAfter,
    serial: toHex(lint.value.serial),
    signer: key.signer.id,
    async sign() {
      const signature = await key.signer.sign(tbs);
      return (
        encodePem("CERTIFICATE", assembleCertificate(tbs, key.signer.scheme, signature)) +
        key.chainPem
      );
    },
  });
}

/** @returns `lint_failed` */
export async function prepareJwt(
  key: JwtKey,
  audience: readonly string[],
  ttlSeconds: number,
  context: MintContext,
): Promise<Result<PreparedJwt>> {
  const { now, spiffeId, trustDomain, issuer } = context;
  const jti = encodeBase64url(context.random(JTI_BYTES));
  const profile = {
    alg: key.signer.algorithm,
    kid: key.kid,
    issuer,
    spiffeId,
    audience,
    issuedAt: now,
    expiresAt: now + ttlSeconds,
    jti,
  };
  const input = buildJwtSvidInput(profile);
  const lint = lintJwtSvidInput(input, { ...profile, trustDomain });
  if (!lint.ok) return lint;
  const bytes = utf8Encode(input);
  return ok({
    input: bytes,
    expiresAt: profile.expiresAt,
    jti,
    signer: key.signer.id,
    async sign() {
      return encodeJws(input, await key.signer.sign(bytes));
    },
  });
}
