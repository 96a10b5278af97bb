import { explicit, implicit, integer, seq, time } from "../encoding/der/writer.ts";
import { equalBytes } from "../encoding/bytes.ts";
import { derOid, isContext, isSequence, readDer } from "../encoding/der/reader.ts";
import { signatureAlgorithmOf } from "../encoding/signature-algorithm.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";
import { lintIntermediateTbs } from "../svid/ca-lint.ts";
import { encodeExtension } from "../svid/extension-writer.ts";
import { OID } from "../svid/extensions.ts";
import { subjectKeyIdOf } from "../svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../svid/x509-svid.ts";
import { signingAlgorithm } from "./algorithms.ts";
import type { BackendDeps, IntermediateRequest, KeyHandle, UpstreamCa } from "./backend.ts";
import { localSigner } from "./local.ts";
import { readPemBlocks } from "./pem-block.ts";
import { readPrivateKey } from "./private-key.ts";
import { SignerError, type Signer } from "./signer.ts";
import { verified } from "./verified.ts";

/** Between what signs here and the root, both included. */
const MAX_CHAIN = 8;
const SERIAL_BYTES = 17;
/** Certificates are valid towards verifiers whose clocks lag by this many seconds. */
const BACKDATE_SECONDS = 60;
/** PKCS#9 extensionRequest (RFC 2985 §5.4.2). */
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

interface CaFilesSettings {
  /** The CA's certificate, then those between it and the root, which may be the last. */
  readonly ca: string;
  readonly private_key: string;
}

/**
 * `backend: ca_files`: a CA whose certificate and private key are given certifies intermediates, in this process.
 */
export async function openCaFiles(
  { ca, private_key: reference }: CaFilesSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const { complain, platform, read } = deps;
  const [key, blocks] = await Promise.all([
    readPrivateKey(reference, deps),
    readPemBlocks(ca, "CERTIFICATE", MAX_CHAIN, read, (message) => complain("ca", message)),
  ]);
  const certificate = blocks?.[0] && parseCertificate(blocks[0]);
  if (key === undefined || blocks === undefined || certificate === undefined) return undefined;
  if (!certificate.ok) {
    complain("ca", `not a usable certificate: ${certificate.error.detail ?? ""}`);
    return undefined;
  }
  const chosen = signingAlgorithm("x509", key.publicKey.info);
  const wrong = caProblem(certificate.value);
  if (!chosen.ok) complain("private_key", chosen.error.detail ?? chosen.error.reason);
  else if (!equalBytes(key.publicKey.spki, certificate.value.spki))
    complain("private_key", "is not that of the first certificate in ca");
  else if (wrong !== undefined) complain("ca", wrong);
  else {
    const { value } = certificate;
    return {
      upstream: (id) => {
        const signer = verified(localSigner(id, key, chosen.value, platform), platform);
        return caInFiles(value, blocks, signer, deps);
      },
    };
  }
  return undefined;
}

function caProblem({ extensions }: Certificate): string | undefined {
  const { basicConstraints, keyUsage, subjectKeyId } = extensions;
  if (basicConstraints?.ca !== true) return "basic constraints do not say that it is a ca";
  if (basicConstraints.pathLength === 0)
    return "path length 0 forbids the intermediate; the ca needs a path length of 1";
  if (keyUsage?.uses.has("keyCertSign") !== true) return "key usage lacks keyCertSign";
  return subjectKeyId === undefined ? "the subject key identifier is missing" : undefined;
}

function caInFiles(
  ca: Certificate,
  chain: readonly Uint8Array[],
  signer: Signer,
  { platform }: BackendDeps,
): UpstreamCa {
  return {
    async certify(request) {
      const { subject, spki, extensions } = requested(request);
      const now = platform.now();
      const keyId = ca.extensions.subjectKeyId ?? new Uint8Array(0);
      const notAfter = Math.min(request.notAfter, ca.notAfter);
      const tbs = seq(
        explicit(0, integer(2)),
        integer(serialNumber(platform.random(SERIAL_BYTES))),
        signatureAlgorithmOf(signer.scheme),
        ca.subject.raw,
        seq(time(Math.max(now - BACKDATE_SECONDS, ca.notBefore)), time(notAfter)),
        subject,
        spki,
        explicit(
          3,
          seq(...extensions, encodeExtension(OID.authorityKeyId, false, seq(implicit(0, keyId)))),
        ),
      );
      const lint = lintIntermediateTbs(tbs, {
        ...request,
        now,
        spki,
        subjectKeyId: await subjectKeyIdOf(spki, platform),
        scheme: signer.scheme,
        issuer: { name: ca.subject.raw, keyId, notAfter: ca.notAfter },
        latestNotAfter: notAfter,
      });
      if (!lint.ok)
        throw new SignerError("unsound", `not signed by ${signer.id}: ${lint.error.detail ?? ""}`);
      return [assembleCertificate(tbs, signer.scheme, await signer.sign(tbs)), ...chain];
    },
  };
}

interface Requested {
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** This very process made the request; whether it asks for our own profile, the lint tells. @throws SignerError */
function requested({ csr }: IntermediateRequest): Requested {
  const read = readDer(csr);
  const [info] = read.ok ? read.value.children : [];
  const [, subject, spki, attributes] = info?.children ?? [];
  const wanted = isContext(attributes, 0)
    ? attributes.children.find(({ children }) => derOid(children[0]) === EXTENSION_REQUEST)
    : undefined;
  const extensions = wanted?.children[1]?.children[0];
  if (subject === undefined || spki === undefined || !isSequence(extensions))
    throw new SignerError("unsound", "the request of the intermediate asks for no extensions");
  return {
    subject: subject.raw,
    spki: spki.raw,
    extensions: extensions.children.map(({ raw }) => raw),
  };
}
