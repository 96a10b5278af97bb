import { toHex } from "../encoding/bytes.ts";
import { encodePem } from "../encoding/pem.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { fail, ok, type Result } from "../result.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { caName, type CaNameConstraints } from "../svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../svid/key-id.ts";
import { serialNumber, x509Issuer, type IssuingCertificate } from "../svid/x509-svid.ts";
import type { IntermediateFacts, IntermediateLog } from "./authority.ts";
import {
  Intermediates,
  intermediateLife,
  type Intermediate,
  type Obtain,
} from "./intermediates.ts";
import { localSigner } from "./local.ts";
import type { ModeDeps, ModeKey } from "./mode.ts";
import { verified } from "./verified.ts";

/** Of an intermediate's key, whatever its root has. */
export const ES256 = { algorithm: "ES256", scheme: { name: "ECDSA", hash: "SHA-256" } } as const;
/** Certificates are valid towards verifiers whose clocks lag by this many seconds. */
const BACKDATE = 60;
const SERIAL_BYTES = 17;

/** An intermediate that is wanted, for a key which was born for it and never leaves this process. */
interface WantedIntermediate {
  readonly trustDomain: TrustDomain;
  readonly key: PrivateKey;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** DER Name. */
  readonly subject: Uint8Array;
  readonly subjectKeyId: Uint8Array;
  readonly serial: Uint8Array;
  /** Unix seconds. */
  readonly now: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly pathLength: 0;
  readonly nameConstraints: CaNameConstraints;
}

/** What is written down before somebody is asked, and the asking. */
interface Asking {
  readonly facts: Pick<IntermediateFacts, "mode" | "serial" | "tbs_sha256" | "csr_sha256">;
  /** @throws SignerError */
  ask(): Promise<CertifiedKey>;
}

/** Who certifies intermediates: a root in a key service, or a CA. */
export type Certifier = (wanted: WantedIntermediate) => Promise<Result<Asking>>;

interface CertifiedKey {
  /** `notAfter`: nothing above it ends earlier. */
  readonly certificate: IssuingCertificate;
  readonly serial: Uint8Array;
  /** DER, from the intermediate to what the root signed. */
  readonly chain: readonly Uint8Array[];
}

/** The intermediates below one key of the configuration. @param root its certificate */
export function intermediatesBelow(
  { id, settings }: Pick<ModeKey, "id" | "settings">,
  root: Pick<IssuingCertificate, "notBefore" | "notAfter">,
  deps: ModeDeps,
  certifier: Certifier,
): Intermediates {
  const { platform, trustDomain } = deps;
  const longestLeaf = deps.longestLife.x509;
  const nameConstraints = settings.name_constraints ?? usualConstraints(trustDomain);
  const obtain: Obtain = async (now, log) => {
    const notAfter = Math.min(now + intermediateLife(longestLeaf), root.notAfter);
    if (notAfter <= now) return fail("signer_unavailable", `the certificate of ${id} has ended`);
    const key = await platform.generateKey("P-256");
    const { spki } = key.publicKey;
    const subjectKeyId = await subjectKeyIdOf(spki, platform);
    const wanted: WantedIntermediate = {
      trustDomain,
      key,
      spki,
      subject: caName(subjectKeyId),
      subjectKeyId,
      serial: serialNumber(platform.random(SERIAL_BYTES)),
      now,
      notBefore: Math.max(now - BACKDATE, root.notBefore),
      notAfter,
      pathLength: 0,
      nameConstraints,
    };
    const isLast = notAfter === root.notAfter;
    return certify(id, wanted, isLast, platform, await certifier(wanted), log);
  };
  return new Intermediates(id, longestLeaf, platform, obtain);
}

/** The record first, then the question, then what came of it. @throws SignerError */
async function certify(
  id: string,
  wanted: WantedIntermediate,
  isLast: boolean,
  platform: Platform,
  asking: Result<Asking>,
  log: IntermediateLog,
): Promise<Result<Intermediate>> {
  if (!asking.ok) return asking;
  const { facts } = asking.value;
  const jkt = await thumbprint(platform, wanted.key.publicKey.info);
  const names = { signer: id, subject_key: jkt };
  const recorded = await log.record({
    event: "intermediate",
    ...facts,
    ...names,
    not_after: wanted.notAfter,
  });
  if (!recorded.ok) return recorded;
  const event = "intermediate_outcome";
  let certified: CertifiedKey;
  try {
    certified = await asking.value.ask();
  } catch (error) {
    const failure = await log.signingFailure(error, id);
    await log.note({ event, result: "failed", ...names, ...failure });
    throw error;
  }
  const { certificate, serial, chain } = certified;
  const { notBefore, notAfter } = certificate;
  await log.note({
    event,
    result: "certified",
    ...names,
    serial: toHex(serial),
    not_after: notAfter,
    certificate_sha256: await platform.digestText("SHA-256", certificate.raw, "hex"),
  });
  const signer = localSigner(`${id}/${toHex(wanted.subjectKeyId)}`, wanted.key, ES256, platform);
  return ok({
    key: {
      signer: verified(signer, platform),
      issuer: x509Issuer(certificate, ES256.scheme),
      chainPem: chain.map((der) => encodePem("CERTIFICATE", der)).join(""),
    },
    thumbprint: jkt,
    notBefore,
    notAfter,
    isLast,
  });
}

/** Whether name constraints can be what the entry says of them. What is wrong is told. */
export function namesFit(
  { settings }: Pick<ModeKey, "settings">,
  { trustDomain, complain }: Pick<ModeDeps, "trustDomain" | "complain">,
): boolean {
  const fits = settings.name_constraints !== "permit_uri" || !isAddressLike(trustDomain);
  if (!fits)
    complain(
      "name_constraints",
      "permit_uri is not for a trust domain whose name looks like an address: verifiers match no such URI",
    );
  return fits;
}

/**
 * None where the name of the trust domain has the form of an address: there are verifiers that then take the host of
 * the SPIFFE ID for one, and refuse it.
 */
export function usualConstraints(trustDomain: TrustDomain): CaNameConstraints {
  return isAddressLike(trustDomain) ? "none" : "exclude_dns_ip";
}

/** Whether a URI with this host has an IPv4 address in it, by the widest reading (WHATWG URL, "ends in a number"). */
export function isAddressLike(host: string): boolean {
  return /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/.test(host);
}
