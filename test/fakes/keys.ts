import { newRsaKeyPair } from "./rsa-keys.ts";

/** Real keys for the simulated clouds: made afresh in each process, and with the strength that the clouds use. */

/** An RSA key pair for PKCS#1 v1.5 with SHA-256. */
export function rsaKeyPair(modulusLength: 1024 | 2048 = 2048): Promise<CryptoKeyPair> {
  return newRsaKeyPair({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, modulusLength);
}

export async function signPkcs1(key: CryptoKey, data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, new Uint8Array(data)));
}

/** SubjectPublicKeyInfo. */
export async function publicKeyDer(key: CryptoKey): Promise<Uint8Array> {
  const spki = await crypto.subtle.exportKey("spki", key);
  if (!(spki instanceof ArrayBuffer)) throw new Error("no bytes");
  return new Uint8Array(spki);
}

/** A public key as a PEM file has it. */
export async function publicKeyPem(key: CryptoKey): Promise<string> {
  return pem("PUBLIC KEY", await publicKeyDer(key));
}

/** RFC 7468, lines of 64 characters. */
export function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${wrap(base64(der), 64)}\n-----END ${label}-----\n`;
}

/** Standard alphabet with padding, by the runtime's own means. */
export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

export function wrap(text: string, columns: number): string {
  return (text.match(new RegExp(`.{1,${columns}}`, "g")) ?? []).join("\n");
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
