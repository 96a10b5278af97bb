import { bits, implicit, integer, seq } from "../encoding/der/writer.ts";
import { encodePem } from "../encoding/pem.ts";
import { spkiOf } from "../encoding/public-key.ts";
import { signatureAlgorithmOf, x509Signature } from "../encoding/signature-algorithm.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { keyAlgorithm } from "./key-algorithm.ts";

/**
 * A certificate request (RFC 2986) that says nothing but "this is my key": no name, no attributes, since svidmint
 * takes nothing else from it. @returns one PEM block
 */
export async function buildCsr(platform: Pick<Platform, "sign">, key: PrivateKey): Promise<string> {
  const { info } = key.publicKey;
  const { scheme } = keyAlgorithm(info);
  const tbs = seq(integer(0), seq(), spkiOf(info), implicit(0, new Uint8Array(0), true));
  const signature = x509Signature(await platform.sign(scheme, key, tbs), scheme);
  return encodePem("CERTIFICATE REQUEST", seq(tbs, signatureAlgorithmOf(scheme), bits(signature)));
}
