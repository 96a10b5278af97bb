import { parseJsonObject } from "../../../encoding/json.ts";
import { OptionError, SourceError } from "../source-error.ts";
import { textOfFile } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

/** What the issuer takes of one bundle. */
const MAX_BUNDLE = 49_152;
const FIX = "gh attestation download writes bundles, one a line; give a file with one of them";

/** @see https://docs.sigstore.dev/about/bundle/ */
export const source: EvidenceSource = {
  type: "sigstore",
  about:
    "The provenance of a build, as a Sigstore bundle in a file. It counts only in a request that carries other evidence too, of what runs: put both into one array.",
  audience: "fixed",
  options: { bundle: { value: "FILE", about: "the bundle, JSON" } },
  needs: "--bundle bundle.json",
  async fetch({ options }) {
    const { bundle: file } = options;
    if (file === undefined) throw new OptionError("give --bundle");
    const bundle = (await textOfFile(file, FIX)).trim();
    if (Buffer.byteLength(bundle) > MAX_BUNDLE)
      throw new SourceError(`${file} is longer than the ${MAX_BUNDLE} bytes that an issuer takes`);
    if (!parseJsonObject(bundle).ok) throw new SourceError(`${file} is not one bundle: ${FIX}`);
    return { bundle };
  },
};
