import type { PinInfo } from "../../attestation.ts";
import type { OidcConfig, OidcEntry } from "./entry.ts";
import { textsOf } from "./entry-members.ts";
import { pinOf } from "./factor.ts";
import { claimsOf, type OidcPreset, type PresetDemand } from "./preset.ts";
import { devIssuer } from "./name.ts";
import type { Demand, TokenShape } from "./shape.ts";

/** An entry with all that its preset says of it: plain JSON, and all that the run-time half knows. */
export interface SettledEntry extends Pick<
  OidcEntry,
  "audience" | "jwks" | "jwks_max_bytes" | "algorithms" | "max_lifetime" | "dev"
> {
  /** Compared whole with `iss`. */
  readonly issuers: readonly string[];
  readonly pin?: PinInfo;
  readonly shape?: TokenShape;
}
export type SettledConfig = Readonly<Record<string, SettledEntry>>;

export function settleConfig(
  config: OidcConfig,
  presetOf: (entry: OidcEntry) => OidcPreset | undefined,
): SettledConfig {
  return Object.fromEntries(
    Object.entries(config).map(([name, entry]) => [
      name,
      settleEntry(name, entry, presetOf(entry)),
    ]),
  );
}

function settleEntry(name: string, entry: OidcEntry, preset: OidcPreset | undefined): SettledEntry {
  const { audience, jwks, jwks_max_bytes, algorithms, max_lifetime, dev } = entry;
  const pin = pinOf(entry, preset);
  const given = { audience, jwks, jwks_max_bytes, algorithms, max_lifetime, dev };
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    ...(preset?.audience !== undefined && { audience: preset.audience }),
    ...(preset?.algorithms !== undefined && { algorithms: [...preset.algorithms] }),
    ...Object.fromEntries(stated),
    issuers: issuersOf(name, entry, preset),
    ...(pin !== undefined && { pin }),
    ...(preset !== undefined && { shape: shapeOf(preset, entry) }),
  };
}

function issuersOf(
  name: string,
  { issuer, ...entry }: OidcEntry,
  preset: OidcPreset | undefined,
): readonly string[] {
  if (issuer !== undefined) return [issuer];
  if (preset?.issuer === undefined) return [devIssuer(name)];
  const { pin, customerIssuers } = preset;
  const customers = pin === undefined ? [] : (textsOf(entry, pin) ?? []);
  const own = customerIssuers === undefined ? [] : customers.map((id) => customerIssuers + id);
  return [preset.issuer, ...new Set(own)];
}

function shapeOf(preset: OidcPreset, entry: OidcEntry): TokenShape {
  const demands = preset.demands?.map((demand) => widened(demand, entry));
  return { claims: claimsOf(preset), ...(demands !== undefined && { demands }) };
}

function widened({ optIn, ...demand }: PresetDemand, entry: OidcEntry): Demand {
  if (optIn === undefined) return demand;
  return { ...demand, oneOf: [...(demand.oneOf ?? []), ...(textsOf(entry, optIn) ?? [])] };
}
