import { newRsaKeyPair } from "./rsa-keys.ts";

/** Keys of a simulated issuer of tokens. Signs what it is told, nonsense included: forgers use it, too. */

export type TokenAlgorithm = "RS256" | "PS256" | "ES256" | "ES384" | "EdDSA";

export interface TokenKey {
  readonly kid: string;
  readonly alg: TokenAlgorithm;
  /** As a key set publishes it. */
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** @param header over `alg`, `kid` and `typ: JWT`; undefined takes one away */
  sign(claims: object, header?: object): Promise<string>;
  /** Header and payload as their text stands, valid JSON or not. */
  signText(header: string, payload: string): Promise<string>;
}

const RSA = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
};
const GENERATE = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  ES384: { name: "ECDSA", namedCurve: "P-384" },
  EdDSA: { name: "Ed25519" },
};
const SIGN = {
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
  ES256: { name: "ECDSA", hash: "SHA-256" },
  ES384: { name: "ECDSA", hash: "SHA-384" },
  EdDSA: { name: "Ed25519" },
};

async function newKeyPair(alg: TokenAlgorithm): Promise<CryptoKeyPair> {
  if (alg === "RS256" || alg === "PS256") return newRsaKeyPair(RSA[alg], 2048);
  const pair = await crypto.subtle.generateKey(GENERATE[alg], true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair");
  return pair;
}

export async function tokenKey(alg: TokenAlgorithm, kid: string): Promise<TokenKey> {
  const pair = await newKeyPair(alg);
  const exported = JSON.stringify(await crypto.subtle.exportKey("jwk", pair.publicKey));
  const { kty, crv, n, e, x, y }: JsonWebKey = JSON.parse(exported);
  const signText = async (header: string, payload: string) => {
    const input = `${base64url(utf8(header))}.${base64url(utf8(payload))}`;
    const signature = await crypto.subtle.sign(SIGN[alg], pair.privateKey, utf8(input));
    return `${input}.${base64url(new Uint8Array(signature))}`;
  };
  return {
    kid,
    alg,
    jwk: JSON.parse(JSON.stringify({ kty, crv, n, e, x, y, kid, alg, use: "sig" })),
    ...pair,
    sign: (claims, header) =>
      signText(JSON.stringify({ alg, kid, typ: "JWT", ...header }), JSON.stringify(claims)),
    signText,
  };
}

/** The document that an issuer publishes. */
export function keySet(...keys: readonly TokenKey[]): { readonly keys: readonly object[] } {
  return { keys: keys.map(({ jwk }) => jwk) };
}

/** The same as configuration carries it. */
export function keySetUrl(...keys: readonly TokenKey[]): string {
  return dataUrl(JSON.stringify(keySet(...keys)));
}

export function dataUrl(text: string): string {
  return `data:application/json,${encodeURIComponent(text)}`;
}

/** What a configuration's `read` does with `data:`; whatever else it is asked for is not there. */
export async function readDataUrl(reference: string): Promise<Uint8Array> {
  if (!reference.startsWith("data:")) throw new Error("the test has no files");
  return utf8(decodeURIComponent(reference.slice(reference.indexOf(",") + 1)));
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

/** By the runtime's own means, not ours. */
export function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
