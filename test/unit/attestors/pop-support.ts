import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { signPop } from "../../../src/client/pop.ts";
import { encodeJws, encodeJwsInput, schemeOf } from "../../../src/encoding/jws.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { JsonObject } from "../../../src/encoding/json.ts";
import { JKT } from "../../conformance/attestor.ts";
import { ISSUER, NOW } from "./support.ts";

export const S = `${ISSUER}/jkt/${JKT}`;

/** A proof as the client makes it. */
export async function proofFor(key: PrivateKey, audience = S, now = NOW): Promise<string> {
  return signPop(webCryptoPlatform({ now: () => now }), key, audience);
}

/** One that says what a test wants. @param changes over those of a good one; undefined takes a member away */
export async function oddProof(
  key: PrivateKey,
  changes: JsonObject = {},
  header: JsonObject = {},
): Promise<string> {
  const all = { typ: "svidmint-pop+jwt", alg: "ES256", ...header };
  const input = encodeJwsInput(all, { aud: S, iat: NOW, jti: "1", ...changes });
  const scheme = schemeOf(all.alg) ?? { name: "ECDSA", hash: "SHA-256" };
  return encodeJws(input, await webCryptoPlatform().sign(scheme, key, utf8Encode(input)));
}
