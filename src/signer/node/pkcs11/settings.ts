import type { KeyName, OaepHash } from "./messages.ts";

/** The members of a checked entry. */
export interface Pkcs11Settings {
  readonly module: string;
  readonly token?: string | undefined;
  readonly serial?: string | undefined;
  readonly slot?: number | undefined;
  readonly key: string | KeyName;
  readonly pin: string;
  readonly oaep_hash?: keyof typeof OAEP_HASHES | undefined;
}

export const OAEP_HASHES = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
} as const satisfies Readonly<Record<string, OaepHash>>;
