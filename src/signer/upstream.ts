import { ok } from "../result.ts";
import { caExtensions } from "../svid/ca-certificate.ts";
import { parseCertificate } from "../svid/certificate.ts";
import { certificateRequest } from "../svid/certificate-request.ts";
import type { ModeDeps, ModeKey, OpenedMode } from "./mode.ts";
import { ES256, intermediatesBelow, namesFit } from "./obtain.ts";
import { SignerError } from "./signer.ts";
import { checkUpstreamChain } from "./upstream-chain.ts";

/**
 * `mode: upstream`: a CA that exists without us certifies the intermediate for a key of this process. The bundle holds
 * that CA's root, which the entry names; what the CA answers is believed only as far as it leads there.
 */
export async function openUpstream(key: ModeKey, deps: ModeDeps): Promise<OpenedMode> {
  const { id, handle, issuer } = key;
  const { platform, trustDomain, complain } = deps;
  if (!namesFit(key, deps) || issuer === undefined) return {};
  const root = parseCertificate(issuer.certificate.raw);
  if (!root.ok) {
    complain("certificate", "not a usable certificate");
    return {};
  }
  if (handle === undefined) return {};
  const ca = handle.upstream?.(id);
  if (ca === undefined) {
    complain("mode", "the backend is no CA");
    return {};
  }
  const authority = intermediatesBelow(key, root.value, deps, async (wanted) => {
    const extensions = caExtensions(wanted);
    const { subject, nameConstraints, notAfter, now } = wanted;
    const csr = await certificateRequest(platform, wanted.key, ES256.scheme, {
      subject,
      extensions,
    });
    return ok({
      facts: { mode: "upstream", csr_sha256: await platform.digestText("SHA-256", csr, "hex") },
      async ask() {
        const answer = await ca.certify({ csr, trustDomain, nameConstraints, notAfter });
        const expected = {
          root: root.value,
          key: wanted.key.publicKey,
          trustDomain,
          now,
          notAfter,
          nameConstraints,
        };
        const chain = await checkUpstreamChain(answer, expected, platform);
        if (chain.ok) return chain.value;
        const reason = chain.error.detail ?? chain.error.reason;
        throw new SignerError("unsound", `what the CA of ${id} answers is not used: ${reason}`);
      },
    });
  });
  return { authority };
}
