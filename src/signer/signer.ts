import type { PublicKey, SignatureScheme } from "../encoding/primitives.ts";
import type { Awaitable, Failure } from "../result.ts";

/** JOSE names of the algorithms that an SVID may be signed with (JWT-SVID §3, Ed25519 for X.509 only). */
export type SignatureAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA";

/**
 * A handle on one private key, often in a KMS. It signs bytes that we encoded and nothing else.
 * One key serves one SVID type.
 */
export interface Signer {
  /** The operator's name for the key, for audit events: never a secret. */
  readonly id: string;
  readonly algorithm: SignatureAlgorithm;
  readonly scheme: SignatureScheme;
  /** Pinned: every signature is verified against it before it leaves. */
  readonly publicKey: PublicKey;
  /** @returns RSA signature, or raw r‖s. @throws SignerError */
  sign(data: Uint8Array): Awaitable<Uint8Array>;
}

export type SignerErrorCode = "unavailable" | "denied" | "throttled" | "timeout" | "unsound";

/**
 * The key service failed us. `denied`: it will not, whoever asks how often. `unsound`: it answered with what is not
 * right: a signature that does not verify, a chain that leads nowhere, another key.
 */
export class SignerError extends Error {
  override readonly name = "SignerError";
  readonly code: SignerErrorCode;
  readonly retryable: boolean;
  /** A person has not been told of it, and should be: of denials one a minute and key. */
  isNews: boolean;
  constructor(code: SignerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.isNews = code === "unsound";
    this.retryable = code === "unavailable" || code === "throttled" || code === "timeout";
  }
}

/** As what a request ends with that a key service, or a CA, failed. */
export function signerFailure({ code, message }: SignerError): Failure {
  const reason = code === "unsound" ? "signature_unsound" : "signer_unavailable";
  return { reason, detail: message };
}
