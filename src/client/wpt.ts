import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { encodeJws, encodeJwsInput } from "../encoding/jws.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { keyAlgorithm } from "./key-algorithm.ts";

export interface WptRequest {
  /** The WIT-SVID, as it will be sent. */
  readonly token: string;
  /** The endpoint, `<issuer>/v1/svids`, exactly as the issuer's configuration has it. */
  readonly url: string;
}

const LIFETIME_SECONDS = 60;

/**
 * A Workload Proof Token (draft-ietf-wimse-wpt-02): that the sender of a WIT-SVID holds its key. Made for one request.
 * @param key of the WIT-SVID: the one in its `cnf`
 */
export async function signWpt(
  platform: Pick<Platform, "sign" | "digest" | "random" | "now">,
  key: PrivateKey,
  { token, url }: WptRequest,
): Promise<string> {
  const { alg, scheme } = keyAlgorithm(key.publicKey.info);
  const input = encodeJwsInput(
    { typ: "wpt+jwt", alg },
    {
      aud: url,
      exp: platform.now() + LIFETIME_SECONDS,
      jti: encodeBase64url(platform.random(16)),
      wth: encodeBase64url(await platform.digest("SHA-256", utf8Encode(token))),
    },
  );
  return encodeJws(input, await platform.sign(scheme, key, utf8Encode(input)));
}
