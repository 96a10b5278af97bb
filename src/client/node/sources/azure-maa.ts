import { OptionError } from "../source-error.ts";
import { outputOf } from "../run-program.ts";
import { tokenIn, tokenOfFile } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

const FIX =
  "a guest attestation client makes the token, with S as its client payload's nonce (svidmint key new prints S)";

/** @see https://learn.microsoft.com/azure/confidential-computing/guest-attestation-confidential-vms */
export const source: EvidenceSource = {
  type: "azure_maa",
  about:
    "A token of Microsoft Azure Attestation, as a guest attestation client made it: it reads the TPM through native code, which svidmint does not contain. Give the file that the client wrote, or the client itself, which is run with S as its last argument and prints the token.",
  audience: "key",
  options: {
    "token-file": { value: "FILE", about: "the token, as the client wrote it" },
    helper: { value: "PROGRAM", about: "program that takes S and prints the token" },
  },
  needs: "--helper ./attestation-client.sh",
  async fetch({ audience, options }) {
    const { "token-file": file, helper } = options;
    if ((file === undefined) === (helper === undefined))
      throw new OptionError(`give one of --token-file and --helper: ${FIX}`);
    const token =
      file !== undefined
        ? await tokenOfFile(file, FIX)
        : tokenIn(
            (await outputOf(helper ?? "", [await audience()], FIX)).toString("utf8"),
            "what the helper printed",
          );
    return { token };
  },
};
