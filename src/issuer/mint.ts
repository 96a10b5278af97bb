import type { ProvenKey } from "../attestors/possession.ts";
import { encodePem } from "../encoding/pem.ts";
import { whenReady } from "../encoding/awaitable.ts";
import { toHex } from "../encoding/bytes.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Awaitable, type Result } from "../result.ts";
import type { X509Key } from "../signer/authority.ts";
import { subjectKeyIdOf } from "../svid/key-id.ts";
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
export interface Prepared<T> {
  readonly input: Uint8Array;
  readonly expiresAt: number;
  /** Signs, verifies the signature, and puts the SVID together. @throws SignerError */
  sign(): Awaitable<T>;
}

export interface PreparedX509 extends Prepared<string> {
  readonly serial: string;
  readonly signer: string;
}

/** @returns `lint_failed`; `signer_unavailable` where the CA itself is about to end */
export async function prepareX509(
  key: X509Key,
  subject: Pick<ProvenKey, "key">,
  ttlSeconds: number,
  context: MintContext,
): Promise<Result<PreparedX509>> {
  const { platform, now, spiffeId, trustDomain } = context;
  const authority = key.issuer.certificate;
  const notAfter = Math.min(now + ttlSeconds, authority.notAfter);
  if (notAfter <= now)
    return fail("signer_unavailable", `the certificate of ${key.signer.id} has ended`);
  const { spki } = subject.key;
  const keyId = subjectKeyIdOf(spki, platform);
  const profile: X509SvidProfile = {
    spiffeId,
    spki,
    subjectKeyId: keyId instanceof Promise ? await keyId : keyId,
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
    sign: () =>
      whenReady(
        key.signer.sign(tbs),
        (signature) =>
          encodePem("CERTIFICATE", assembleCertificate(tbs, key.signer.scheme, signature)) +
          key.chainPem,
      ),
  });
}
