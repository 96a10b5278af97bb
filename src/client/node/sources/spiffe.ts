import { signWpt } from "../../wpt.ts";
import { privateKeyIn } from "../private-key.ts";
import { OptionError } from "../source-error.ts";
import { textOfFile, tokenOfFile } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

export const source: EvidenceSource = {
  type: "spiffe",
  about:
    "A JWT-SVID of this trust domain or of a federated one, out of a file: have it made for S, as svidmint key new prints it, or for the issuer URL, which names no key. Or a WIT-SVID, with a proof by its key for one request: that key is then the one that gets an SVID.",
  audience: "fixed",
  options: {
    "token-file": { value: "FILE", about: "the JWT-SVID or WIT-SVID" },
    "wit-key": { value: "FILE", about: "of a WIT-SVID: its private key, in PEM" },
    endpoint: {
      value: "URL",
      about: "of a WIT-SVID: where it will be sent, <issuer>/v1/svids as the issuer has it",
    },
  },
  needs: "--token-file svid.jwt",
  examples: [
    {
      does: "a WIT-SVID with its proof",
      options: "--wit-key svid.key --endpoint https://id.example.org/v1/svids",
    },
  ],
  async fetch({ options, platform }) {
    const { "token-file": file, "wit-key": keyFile, endpoint } = options;
    if (file === undefined) throw new OptionError("give --token-file");
    if ((keyFile === undefined) !== (endpoint === undefined))
      throw new OptionError("give --wit-key and --endpoint, or neither");
    const token = await tokenOfFile(file, "spire-agent api fetch jwt -audience S makes one");
    if (keyFile === undefined || endpoint === undefined) return { token };
    const pem = await textOfFile(keyFile, "name the file of the WIT-SVID's key");
    const key = await privateKeyIn(platform, pem, keyFile);
    return { token, wpt: await signWpt(platform, key, { token, url: endpoint }) };
  },
};
