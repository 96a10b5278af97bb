import type { CryptoPrimitives, PublicKey, SignatureScheme } from "../encoding/primitives.ts";
import type { Awaitable, Result } from "../result.ts";

/** A private key inside this process. Keys in a KMS are `Signer`s instead. */
export interface PrivateKey {
  readonly publicKey: PublicKey;
  readonly handle: unknown;
}

export type KeyKind = "P-256" | "P-384" | "RSA-2048" | "Ed25519";

/**
 * Everything of the runtime that portable code may use. One object a process, frozen;
 * tests replace the clock and `fetch`, nothing else is global.
 */
export interface Platform extends CryptoPrimitives {
  /** Unix time in seconds, whole. */
  now(): number;
  /** Cryptographically secure random bytes. */
  random(length: number): Uint8Array;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /**
   * Keeps the process alive for work that no request waits for (`waitUntil` on Workers, where a request that ends,
   * or whose client hangs up, ends its pending calls too). Absent where nothing need be done.
   */
  background?(work: Promise<unknown>): void;
  generateKey(kind: KeyKind): Awaitable<PrivateKey>;
  /** PKCS#8 DER in. @returns `key_malformed` for anything that is not a supported private key. */
  importPrivateKey(pkcs8: Uint8Array): Awaitable<Result<PrivateKey>>;
  exportPrivateKey(key: PrivateKey): Awaitable<Uint8Array>;
  /** ECDSA signatures are raw r‖s. Throws where the scheme does not fit the key. */
  sign(scheme: SignatureScheme, key: PrivateKey, data: Uint8Array): Awaitable<Uint8Array>;
}
