import { signPop } from "../../pop.ts";
import { privateKeyIn } from "../private-key.ts";
import { OptionError } from "../source-error.ts";
import { textOfFile } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

export const source: EvidenceSource = {
  type: "x509_pop",
  about:
    "A certificate that a configured authority gave to this machine, with a proof by its key that it wants an SVID for S. Good for a minute: fetch it anew for each request.",
  audience: "key",
  options: {
    certificate: { value: "FILE", about: "certificate and intermediates in PEM, its own first" },
    "certificate-key": { value: "FILE", about: "private key of the certificate, in PEM" },
  },
  needs: "--certificate machine.pem --certificate-key machine.key",
  async fetch({ audience, options, platform }) {
    const { certificate, "certificate-key": keyFile } = options;
    if (certificate === undefined || keyFile === undefined)
      throw new OptionError("give --certificate and --certificate-key");
    const chain = await textOfFile(certificate, "name the certificate's file");
    const pem = await textOfFile(keyFile, "name the file of the certificate's key");
    const key = await privateKeyIn(platform, pem, keyFile);
    return {
      certificate_chain: chain.trim(),
      proof: await signPop(platform, key, await audience()),
    };
  },
};
