import { tokenOfFile } from "../token.ts";
import { OptionError } from "../source-error.ts";
import type { EvidenceSource } from "./source.ts";

export const source: EvidenceSource = {
  type: "spiffe",
  about:
    "A JWT-SVID of this trust domain or of a federated one, out of a file: have it made for S, as svidmint key new prints it, or for the issuer URL, which names no key.",
  audience: "fixed",
  options: { "token-file": { value: "FILE", about: "the JWT-SVID" } },
  needs: "--token-file svid.jwt",
  async fetch({ options }) {
    const file = options["token-file"];
    if (file === undefined) throw new OptionError("give --token-file");
    return { token: await tokenOfFile(file, "spire-agent api fetch jwt -audience S makes one") };
  },
};
