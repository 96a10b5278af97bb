import type { PublicKeyInfo, SignatureScheme } from "../../encoding/primitives.ts";
import { keyBits } from "../../encoding/public-key.ts";
import { thumbprint } from "../../platform/thumbprint.ts";
import { platform } from "../key-file.ts";

/** `P-256`, `RSA 2048`, `Ed25519`. */
export function keyWords(info: PublicKeyInfo): string {
  if (info.type === "RSA") return `RSA ${keyBits(info)}`;
  return info.type === "EC" ? info.curve : info.type;
}

export function schemeWords(scheme: SignatureScheme | undefined): string {
  if (scheme === undefined) return "an algorithm that svidmint does not take";
  return scheme.name === "Ed25519" ? scheme.name : `${scheme.name} with ${scheme.hash}`;
}

export async function jktOf(info: PublicKeyInfo): Promise<string> {
  return thumbprint(platform, info);
}
