import { bufferSource } from "./buffer-source.ts";

/**
 * AES-256-GCM (NIST SP 800-38D), tag of 128 bits behind the ciphertext. By WebCrypto on every runtime: it is used once
 * a key and process, and stands apart from `Platform` so that a bundle which wraps no keys does not hold it.
 */
export interface Sealed {
  /** 32 octets. */
  readonly key: Uint8Array;
  /** 12 octets, never twice with one key. */
  readonly iv: Uint8Array;
  /** Authenticated with it, and not in it. */
  readonly associated: Uint8Array;
}

const TAG_BITS = 128;

export async function sealAesGcm(sealed: Sealed, plaintext: Uint8Array): Promise<Uint8Array> {
  const key = await importKey(sealed, "encrypt");
  return new Uint8Array(
    await crypto.subtle.encrypt(parameters(sealed), key, bufferSource(plaintext)),
  );
}

/** @returns undefined where key, iv, associated data and ciphertext do not belong together */
export async function openAesGcm(
  sealed: Sealed,
  ciphertext: Uint8Array,
): Promise<Uint8Array | undefined> {
  const key = await importKey(sealed, "decrypt");
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(parameters(sealed), key, bufferSource(ciphertext)),
    );
  } catch {
    return undefined;
  }
}

function importKey({ key, iv }: Sealed, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  if (key.length !== 32 || iv.length !== 12) throw new RangeError("AES-256-GCM, iv of 12 octets");
  return crypto.subtle.importKey("raw", bufferSource(key), "AES-GCM", false, [use]);
}

function parameters({ iv, associated }: Sealed): AesGcmParams {
  return {
    name: "AES-GCM",
    iv: bufferSource(iv),
    additionalData: bufferSource(associated),
    tagLength: TAG_BITS,
  };
}
