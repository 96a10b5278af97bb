import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { encodeJws, encodeJwsInput } from "../encoding/jws.ts";
import { jwkOf } from "../encoding/public-key.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { keyAlgorithm } from "./key-algorithm.ts";

export interface DpopRequest {
  /** The endpoint, `<issuer>/v1/svids`, exactly as the issuer's configuration has it. */
  readonly url: string;
  /** The very bytes that will be sent. */
  readonly body: Uint8Array;
}

/**
 * The value of a `DPoP` header (RFC 9449 §4.2) that also covers the body: `body_sha256`. Good once, for 60 s:
 * sign a new one for each attempt.
 */
export async function signDpop(
  platform: Pick<Platform, "sign" | "digest" | "random" | "now">,
  key: PrivateKey,
  { url, body }: DpopRequest,
): Promise<string> {
  const { info } = key.publicKey;
  const { alg, scheme } = keyAlgorithm(info);
  const input = encodeJwsInput(
    { typ: "dpop+jwt", alg, jwk: { ...jwkOf(info) } },
    {
      htm: "POST",
      htu: url,
      iat: platform.now(),
      jti: encodeBase64url(platform.random(16)),
      body_sha256: encodeBase64url(await platform.digest("SHA-256", body)),
    },
  );
  return encodeJws(input, await platform.sign(scheme, key, utf8Encode(input)));
}
