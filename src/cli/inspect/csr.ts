import { parseCsr, verifyCsr } from "../../encoding/csr.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { parseSpki } from "../../encoding/public-key.ts";
import { ok, type Result } from "../../result.ts";
import { platform } from "../key-file.ts";
import type { Description } from "./description.ts";
import { jktOf, keyWords, schemeWords } from "./keys.ts";

export async function describeCsr(der: Uint8Array): Promise<Result<Description[]>> {
  const csr = parseCsr(der);
  if (!csr.ok) return csr;
  const key = await platform.importPublicKey(csr.value.info);
  if (!key.ok) return key;
  const good = (await verifyCsr(csr.value, key.value, platform)).ok;
  const jkt = await jktOf(csr.value.info);
  return ok([
    {
      title: "Certificate request",
      fields: [
        ["key", `${keyWords(csr.value.info)}, thumbprint ${jkt}`],
        ["signed with", schemeWords(csr.value.scheme)],
        [
          "signature",
          good ? "good: whoever made it holds the key" : "WRONG: altered, or made with another key",
        ],
      ],
      notes: ["names and extensions in it are ignored by svidmint"],
      data: { kind: "csr", key: keyWords(csr.value.info), thumbprint: jkt, signature_valid: good },
    },
  ]);
}

export async function describePublicKey(der: Uint8Array): Promise<Result<Description[]>> {
  const info = parseSpki(der);
  return info.ok ? ok([await keyDescription("Public key", info.value)]) : info;
}

/** The public half alone: of the private one nothing is shown. */
export async function describePrivateKey(der: Uint8Array): Promise<Result<Description[]>> {
  const key = await platform.importPrivateKey(der);
  if (!key.ok) return key;
  return ok([await keyDescription("Private key (its public half)", key.value.publicKey.info)]);
}

async function keyDescription(title: string, info: PublicKeyInfo): Promise<Description> {
  const jkt = await jktOf(info);
  return {
    title,
    fields: [
      ["key", keyWords(info)],
      ["thumbprint", jkt],
    ],
    data: { kind: "key", key: keyWords(info), thumbprint: jkt },
  };
}
