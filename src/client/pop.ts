import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { encodeJws, encodeJwsInput } from "../encoding/jws.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { keyAlgorithm } from "./key-algorithm.ts";

/**
 * The `proof` of `x509_pop` and `oci_instance`: that the holder of a certificate wants an SVID for the key that
 * `audience` names. Good for 60 s: sign a new one for each attempt.
 * @param key of the certificate, not the one that gets the SVID
 * @param audience S of the key that gets the SVID: `<base>/jkt/<thumbprint>`
 */
export async function signPop(
  platform: Pick<Platform, "sign" | "random" | "now">,
  key: PrivateKey,
  audience: string,
): Promise<string> {
  const { alg, scheme } = keyAlgorithm(key.publicKey.info);
  const input = encodeJwsInput(
    { typ: "svidmint-pop+jwt", alg },
    { aud: audience, iat: platform.now(), jti: encodeBase64url(platform.random(16)) },
  );
  return encodeJws(input, await platform.sign(scheme, key, utf8Encode(input)));
}
