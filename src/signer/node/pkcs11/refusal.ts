import type { SignerErrorCode } from "../../signer.ts";

/** Why a token did not do what it was asked; crosses from its process to ours. */
export interface TokenFault {
  readonly code: SignerErrorCode;
  /** Names of PKCS#11 and of the configuration; never a PIN. */
  readonly message: string;
  /** `process`: nothing more can be had of this process. `pin`: the PIN is never to be tried again. */
  readonly ends?: "process" | "pin";
}

export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly fault: TokenFault;
  constructor(code: SignerErrorCode, message: string, ends?: TokenFault["ends"]) {
    super(message);
    this.fault = { code, message, ...(ends && { ends }) };
  }
}

/** What a token says of a PIN: another try would bring it nearer to its lock. */
const PIN_REFUSED = new Set([0xa0, 0xa1, 0xa2, 0xa3, 0xa4]);

/**
 * What asking again, or another process, does not change: arguments, attributes (0x07 to 0x14), actions, data, keys and
 * mechanisms, missing functions, user types, refusals by policy.
 */
const FINAL = new Set([
  0x07, 0x10, 0x11, 0x12, 0x13, 0x1b, 0x20, 0x21, 0x40, 0x41, 0x54, 0x62, 0x63, 0x68, 0x70, 0x71,
  0x102, 0x103, 0x104, 0x200,
]);
/** `CKR_GENERAL_ERROR`, `CKR_FUNCTION_FAILED`. */
const GENERAL = new Set([0x05, 0x06]);
const SESSION_COUNT = 0xb1;
const USER_ALREADY_LOGGED_IN = 0x100;

/**
 * What a call of PKCS#11 threw. All that is not known to be final counts as the end of the process: a session that was
 * closed, a token that was removed, a device that failed; modules differ in what they say then, and some find a
 * token again only when they are loaded anew.
 */
export function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof TokenRefusal) return error;
  const code = codeOf(error);
  const name = nameOf(error, code);
  if (PIN_REFUSED.has(code))
    return new TokenRefusal(
      "denied",
      `it refuses the PIN (${name}), which is not tried again before a restart`,
      "pin",
    );
  if (FINAL.has(code)) return new TokenRefusal("denied", name);
  if (code === SESSION_COUNT) return new TokenRefusal("throttled", name);
  return new TokenRefusal("unavailable", name, "process");
}

/**
 * What a decryption threw: of a ciphertext that is not theirs, modules say what they say of a device that failed. If it
 * did fail, the next call tells.
 */
export function decryptRefusalOf(error: unknown): TokenRefusal {
  const code = codeOf(error);
  if (!GENERAL.has(code)) return refusalOf(error);
  return new TokenRefusal("denied", `it does not decrypt the data key (${nameOf(error, code)})`);
}

/** Another session of this process has logged in: PKCS#11 has one login for all of them. */
export function isLoggedIn(error: unknown): boolean {
  return codeOf(error) === USER_ALREADY_LOGGED_IN;
}

function codeOf(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  if ("code" in error && typeof error.code === "number") return error.code;
  // Some calls of pkcs11js throw what its native half does, unread.
  return Number(/\bCKR_\w+:(\d+)/.exec(error.message)?.[1] ?? 0);
}

function nameOf(error: unknown, code: number): string {
  const name = error instanceof Error ? /\bCKR_[A-Z0-9_]{1,48}/.exec(error.message)?.[0] : "";
  return name || (code === 0 ? "an unknown fault" : `CKR 0x${code.toString(16)}`);
}
