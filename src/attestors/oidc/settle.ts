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
  readonly issuer: string;
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
    issuer: entry.issuer ?? preset?.issuer ?? devIssuer(name),
    ...(pin !== undefined && { pin }),
    ...(preset !== undefined && { shape: shapeOf(preset, entry) }),
  };
}

function shapeOf(preset: OidcPreset, entry: OidcEntry): TokenShape {
  const demands = preset.demands?.map((demand) => widened(demand, entry));
  return { claims: claimsOf(preset), ...(demands !== undefined && { demands }) };
}

function widened({ optIn, ...demand }: PresetDemand, entry: OidcEntry): Demand {
  if (optIn === undefined) return demand;
  return { ...demand, oneOf: [...(demand.oneOf ?? []), ...(textsOf(entry, optIn) ?? [])] };
}
