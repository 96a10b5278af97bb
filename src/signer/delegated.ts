import { toHex } from "../encoding/bytes.ts";
import { ok } from "../result.ts";
import { buildCaTbs } from "../svid/ca-certificate.ts";
import { lintIntermediateTbs } from "../svid/ca-lint.ts";
import { assembleCertificate } from "../svid/x509-svid.ts";
import type { ModeDeps, ModeKey, OpenedMode } from "./mode.ts";
import { intermediatesBelow, namesFit } from "./obtain.ts";

/**
 * `mode: delegated`: now and then the key signs an intermediate for a key of this process, which signs the leaves. The
 * bundle holds the root alone.
 */
export async function openDelegated(key: ModeKey, deps: ModeDeps): Promise<OpenedMode> {
  const { signer, issuer, handle, chosen } = key;
  if (!namesFit(key, deps) || issuer === undefined || handle === undefined) return {};
  if (signer === undefined) {
    deps.complain("algorithm", `the backend has no ${chosen.algorithm}`);
    return {};
  }
  const root = issuer.certificate;
  const { scheme } = signer;
  const by = { name: root.subject.raw, keyId: issuer.keyId };
  const authority = intermediatesBelow(key, root, deps, async (wanted) => {
    const { subject, subjectKeyId, serial, notBefore, notAfter } = wanted;
    const tbs = buildCaTbs({ ...wanted, scheme, issuer: by });
    const lint = lintIntermediateTbs(tbs, {
      trustDomain: deps.trustDomain,
      spki: wanted.key.publicKey.spki,
      subjectKeyId,
      scheme,
      issuer: { ...by, notAfter: root.notAfter },
      nameConstraints: wanted.nameConstraints,
      now: wanted.now,
      latestNotAfter: notAfter,
    });
    if (!lint.ok) return lint;
    return ok({
      facts: {
        mode: "delegated",
        serial: toHex(serial),
        tbs_sha256: await deps.platform.digestText("SHA-256", tbs, "hex"),
      },
      async ask() {
        const raw = assembleCertificate(tbs, scheme, await signer.sign(tbs));
        const extensions = { subjectKeyId };
        return {
          certificate: { raw, subject: { raw: subject }, extensions, notBefore, notAfter },
          serial,
          chain: [raw],
        };
      },
    });
  });
  return { authority };
}
