import { existsSync } from "node:fs";
import { encodeBase64 } from "../../../encoding/base64.ts";
import { outputOf } from "../run-program.ts";
import { OptionError, SourceError } from "../source-error.ts";
import type { EvidenceSource } from "./source.ts";
import { readFile } from "node:fs/promises";

const FIX =
  "a helper asks the Nitro Security Module, or nitro-tpm-attest the TPM, for a document with S as its nonce (svidmint key new prints S)";

/** @see https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html */
export const source: EvidenceSource = {
  type: "aws_nitro",
  about:
    "The attestation document of a Nitro Enclave or a NitroTPM instance, with S as its nonce. Both devices want an ioctl, which Node has not: give a document that a helper made, or the helper itself, which is run with S as its last argument and prints the document, as bytes or in base64.",
  audience: "key",
  options: {
    document: { value: "FILE", about: "the document: bytes, or base64" },
    helper: { value: "PROGRAM", about: "program that takes S and prints the document" },
  },
  needs: "--helper ./nsm-document.sh",
  detect: () => (existsSync("/dev/nsm") ? "/dev/nsm is there" : undefined),
  async fetch({ audience, options }) {
    const { document, helper } = options;
    if ((document === undefined) === (helper === undefined))
      throw new OptionError(`give one of --document and --helper: ${FIX}`);
    const bytes =
      document !== undefined
        ? await readFile(document).catch((error: unknown) => {
            throw new SourceError(`${document} cannot be read: ${FIX}`, { cause: error });
          })
        : await outputOf(helper ?? "", [await audience()], FIX);
    return { document: inBase64(bytes) };
  },
};

/** Such a document begins with the tag or the array of COSE_Sign1, which no base64 does. */
function inBase64(bytes: Uint8Array): string {
  if (bytes[0] === 0xd2 || bytes[0] === 0x84) return encodeBase64(bytes);
  const text = Buffer.from(bytes).toString("latin1").replaceAll(/\s/g, "");
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text;
  throw new SourceError("this is neither a COSE_Sign1 document nor one in base64");
}
