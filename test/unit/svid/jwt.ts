import type { KeyAuthority } from "../../../src/encoding/bundle.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { JsonObject } from "../../../src/encoding/json.ts";
import { encodeJws, encodeJwsInput, schemeOf } from "../../../src/encoding/jws.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Reason } from "../../../src/reasons.ts";
import type { JwtSvidProfile } from "../../../src/svid/jwt-svid.ts";
import { verifyJwtSvid, type JwtSvidRules } from "../../../src/svid/verify-jwt-svid.ts";
import { NOW, platform } from "./forge.ts";
import { ID, trustDomain } from "./mint.ts";
import { newKey } from "../../fakes/private-key.ts";

/** JWT-SVIDs of any shape, and the keys that sign them. */

export const AUDIENCE = "https://orders.example.org";
export const PROFILE: JwtSvidProfile = {
  alg: "ES256",
  kid: "key-1",
  spiffeId: ID,
  audience: [AUDIENCE],
  issuer: "https://id.example.org",
  issuedAt: NOW,
  expiresAt: NOW + 300,
  jti: "c29tZSByYW5kb20gYnl0ZXM",
};
export const RULES: JwtSvidRules = { trustDomain, audience: AUDIENCE, now: NOW };
export const header = { alg: "ES256", kid: "key-1", typ: "JWT" };
export const claims = {
  sub: ID,
  aud: AUDIENCE,
  iss: PROFILE.issuer,
  iat: NOW,
  exp: NOW + 300,
  jti: PROFILE.jti,
};

export interface JwtKeys {
  readonly ec: PrivateKey;
  readonly rsa: PrivateKey;
  readonly ed: PrivateKey;
  readonly authorities: readonly KeyAuthority[];
}

export async function jwtKeys(): Promise<JwtKeys> {
  const ec = await platform.generateKey("P-256");
  const rsa = await newKey(platform, "RSA-2048");
  const ed = await platform.generateKey("Ed25519");
  const authorities = [
    { kid: "key-1", info: ec.publicKey.info },
    { kid: "key-rsa", info: rsa.publicKey.info },
    { kid: "key-ed", info: ed.publicKey.info },
  ];
  return { ec, rsa, ed, authorities };
}

/** @returns the token; with a signature of zeros where `alg` is none that can sign */
export async function signInput(input: string, alg: unknown, key: PrivateKey): Promise<string> {
  const scheme = typeof alg === "string" ? schemeOf(alg) : undefined;
  const fits = (scheme?.name === "ECDSA") === (key.publicKey.info.type === "EC");
  const signature =
    scheme === undefined || !fits
      ? new Uint8Array(64)
      : await platform.sign(scheme, key, utf8Encode(input));
  return encodeJws(input, signature);
}

export async function token(
  key: PrivateKey,
  h: JsonObject = header,
  c: JsonObject = claims,
): Promise<string> {
  return signInput(encodeJwsInput(h, c), h["alg"], key);
}

/** @returns undefined where the token is accepted, else the reason */
export async function verdict(
  text: string,
  keys: readonly KeyAuthority[],
  rules: Partial<JwtSvidRules> = {},
): Promise<Reason | undefined> {
  const result = await verifyJwtSvid(text, keys, { ...RULES, ...rules }, platform);
  return result.ok ? undefined : result.error.reason;
}
