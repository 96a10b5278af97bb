import type { EvidenceName } from "../../attestation.ts";

export const TYPE = "oidc";

export function nameOf(entry: string): EvidenceName {
  return `${TYPE}.${entry}`;
}

/** The `iss` of tokens for a `dev` entry that names no issuer. */
export function devIssuer(entry: string): string {
  return `urn:svidmint:dev:${entry}`;
}
