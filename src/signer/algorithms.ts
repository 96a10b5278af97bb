import { checkKeyQuality } from "../encoding/key-quality.ts";
import { keyFits, schemeOf } from "../encoding/jws.ts";
import type { PublicKeyInfo, SignatureScheme } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import { TOKEN_SVID_ALGORITHMS } from "../svid/token-profile.ts";
import type { SignatureAlgorithm } from "./signer.ts";

/** What a key signs: one of them, for its whole life. */
export type SvidUse = "x509" | "jwt" | "wit";

/** In the order of the bundle. */
export const SVID_USES: readonly SvidUse[] = ["x509", "jwt", "wit"];

export function byUse<T>(make: (use: SvidUse) => T): Record<SvidUse, T> {
  return { x509: make("x509"), jwt: make("jwt"), wit: make("wit") };
}

/** All that an SVID may be signed with, for the configuration. */
export const SIGNATURE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const satisfies readonly SignatureAlgorithm[];

/** What a key signs with. */
export interface ChosenAlgorithm {
  readonly algorithm: SignatureAlgorithm;
  readonly scheme: SignatureScheme;
}

/**
 * The algorithm of a signing key: the one that was configured, if the key and the use admit it, else the usual one
 * of its kind. Ed25519 is for X.509 alone: neither JWT-SVID §2.1 nor WIT-SVID lists it.
 * @returns `key_weak` | `key_unsupported` | `algorithm_not_allowed`
 */
export function signingAlgorithm(
  use: SvidUse,
  info: PublicKeyInfo,
  wanted?: SignatureAlgorithm,
): Result<ChosenAlgorithm> {
  const quality = checkKeyQuality(info);
  if (!quality.ok) return quality;
  const algorithm = wanted ?? usualAlgorithm(info);
  const scheme = schemeOf(algorithm);
  if (scheme === undefined || !keyFits(algorithm, info)) {
    return fail("algorithm_not_allowed", `${algorithm} does not fit the key`);
  }
  if (use !== "x509" && !TOKEN_SVID_ALGORITHMS.has(algorithm)) {
    return fail("algorithm_not_allowed", `${algorithm} is not an algorithm of ${use} svids`);
  }
  return ok({ algorithm, scheme });
}

function usualAlgorithm(info: PublicKeyInfo): SignatureAlgorithm {
  if (info.type === "RSA") return "RS256";
  if (info.type === "Ed25519") return "EdDSA";
  if (info.curve === "P-256") return "ES256";
  return info.curve === "P-384" ? "ES384" : "ES512";
}
