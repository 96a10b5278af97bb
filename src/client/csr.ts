import { encodePem } from "../encoding/pem.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { certificateRequest } from "../svid/certificate-request.ts";
import { keyAlgorithm } from "./key-algorithm.ts";

/**
 * A certificate request (RFC 2986) that says nothing but "this is my key": no name, no attributes, since svidmint
 * takes nothing else from it. @returns one PEM block
 */
export async function buildCsr(platform: Pick<Platform, "sign">, key: PrivateKey): Promise<string> {
  const { scheme } = keyAlgorithm(key.publicKey.info);
  return encodePem("CERTIFICATE REQUEST", await certificateRequest(platform, key, scheme));
}
