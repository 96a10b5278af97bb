import type { PublicKeyInfo, SignatureScheme } from "../encoding/primitives.ts";

export interface KeyAlgorithm {
  /** RFC 7518, RFC 8037. */
  readonly alg: "ES256" | "ES384" | "RS256" | "EdDSA";
  readonly scheme: SignatureScheme;
}

/** How a workload signs with its own key: one algorithm for each kind that svidmint takes. */
export function keyAlgorithm(info: PublicKeyInfo): KeyAlgorithm {
  if (info.type === "RSA") {
    return { alg: "RS256", scheme: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } };
  }
  if (info.type === "Ed25519") return { alg: "EdDSA", scheme: { name: "Ed25519" } };
  if (info.curve === "P-384") return { alg: "ES384", scheme: { name: "ECDSA", hash: "SHA-384" } };
  if (info.curve === "P-256") return { alg: "ES256", scheme: { name: "ECDSA", hash: "SHA-256" } };
  throw new TypeError("svidmint takes no P-521 keys");
}
