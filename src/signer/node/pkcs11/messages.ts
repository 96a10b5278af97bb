import type { HashName, PublicKeyInfo, SignatureScheme } from "../../../encoding/primitives.ts";
import type { TokenFault } from "./refusal.ts";

/** Which token: all that is given has to fit. */
export interface TokenName {
  readonly label?: string | undefined;
  readonly serial?: string | undefined;
  /** The slot's id. */
  readonly slot?: number | undefined;
}

/** Which private key on it: all that is given has to fit. */
export interface KeyName {
  readonly label?: string | undefined;
  /** Hexadecimal `CKA_ID`. */
  readonly id?: string | undefined;
}

/** SHA-1 is for tokens that have no other; it weakens nothing where OAEP uses it. */
export type OaepHash = HashName | "SHA-1";

export type TokenWork =
  | {
      readonly kind: "sign";
      readonly scheme: SignatureScheme;
      /** As `signatureInput` made it. */
      readonly input: Uint8Array;
      /** What the key's public half has to be, where the token shows it. */
      readonly publicKey: PublicKeyInfo;
    }
  | { readonly kind: "decrypt"; readonly hash: OaepHash; readonly input: Uint8Array };

/** What the process that has the module is asked. */
export interface TokenRequest {
  readonly token: TokenName;
  readonly key: KeyName;
  readonly pin: string;
  readonly work: TokenWork;
  /** Nobody waits any longer. Milliseconds. */
  readonly timeoutMs: number;
}

export interface Asked extends TokenRequest {
  readonly id: number;
}

export type Answer =
  | { readonly id: number; readonly output: Uint8Array }
  | { readonly id: number; readonly fault: TokenFault };
