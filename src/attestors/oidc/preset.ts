import type { BindingKind, ClaimKind } from "../../attestation.ts";
import type { JsonObject } from "../../encoding/json.ts";
import type { Result } from "../../result.ts";

export interface PresetClaim {
  readonly kind: ClaimKind;
  /** Member names from the root of the token; the claim's own name unless told. */
  readonly path?: readonly string[];
  /** A token without it is not of a workload. */
  readonly required?: boolean;
}

/**
 * What is known of one well-known issuer, as data: its claims, who its customer is, and how far a client can choose
 * the audience. An entry with a preset sees these claims and no others.
 */
export interface OidcPreset {
  readonly name: string;
  /** Where all customers share one issuer; an entry may name another. */
  readonly issuer?: string;
  readonly jwks?: string;
  readonly algorithms?: readonly string[];
  readonly claims: Readonly<Record<string, PresetClaim>>;
  /** The claim that names the customer: an entry lists its values under that very name. Absent: the issuer is the pin. */
  readonly pin?: string;
  /** `audience` where it is fixed in the place that makes the token. */
  readonly defaultBinding: Exclude<BindingKind, "none">;
  readonly joinable: readonly string[];
  readonly instanceClaims?: readonly string[];
  /** What more a token must be. Pure; sees the token's claims as they stand in it, before any is believed. */
  check?(token: JsonObject): Result<unknown>;
}
