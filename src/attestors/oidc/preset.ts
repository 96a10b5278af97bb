import type { BindingKind } from "../../attestation.ts";
import type { Demand, ShapedClaim } from "./shape.ts";

/** A demand that an entry can widen: the values that it lists under the member `optIn` are taken, too. */
export interface PresetDemand extends Demand {
  readonly optIn?: string;
}

/** What a preset's own check sees of an entry. */
interface PresetEntry {
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly jwks?: string | undefined;
  /** What is listed under the pin. */
  readonly customers: readonly string[];
}

/**
 * What is known of one well-known issuer, as data: its claims, who its customer is, and how far a client can choose
 * the audience. An entry with a preset sees these claims and no others.
 */
export interface OidcPreset {
  readonly name: string;
  /** Where all customers share one issuer; an entry may name another. */
  readonly issuer?: string;
  /** Beside that one each customer has an issuer of its own: this, and the customer's id. */
  readonly customerIssuers?: string;
  /** The form of issuers, anchored, and in words. They are compared whole: this only catches mistakes early. */
  readonly issuerForm?: { readonly pattern?: RegExp; readonly text: string };
  readonly algorithms?: readonly string[];
  /** Where the service leaves no choice. */
  readonly audience?: string;
  readonly claims: Readonly<Record<string, ShapedClaim>>;
  readonly demands?: readonly PresetDemand[];
  /** The claim that names the customer: an entry lists its values under that very name. Absent: the issuer is the pin. */
  readonly pin?: string;
  /** Where to find that id. */
  readonly pinFrom?: string;
  /** `audience` where it is fixed in the place that makes the token. */
  readonly defaultBinding: Exclude<BindingKind, "none">;
  readonly joinable: readonly string[];
  readonly instanceClaims?: readonly string[];
  /** What else is wrong with an entry: the member, and what mends it. */
  check?(entry: PresetEntry): readonly (readonly [member: string, message: string])[];
}

/** The claims that an entry with this preset has. */
export function claimsOf({ claims, pin }: OidcPreset): Readonly<Record<string, ShapedClaim>> {
  return pin === undefined ? { iss: { kind: "string" }, ...claims } : claims;
}
