import type { FactorInfo, PinInfo } from "../../attestation.ts";
import { JUDGED_CLAIMS } from "./claims.ts";
import type { OidcEntry } from "./entry.ts";
import { textsOf } from "./entry-members.ts";
import { nameOf, TYPE } from "./name.ts";
import { claimsOf, type OidcPreset } from "./preset.ts";

/** @returns undefined where the issuer itself is the pin */
export function pinOf(
  { pin, ...entry }: OidcEntry,
  preset: OidcPreset | undefined,
): PinInfo | undefined {
  if (preset !== undefined) {
    return preset.pin === undefined
      ? undefined
      : { claim: preset.pin, values: textsOf(entry, preset.pin) ?? [] };
  }
  if (typeof pin === "object") return pin;
  return pin === undefined || pin === "issuer"
    ? undefined
    : { claim: pin, values: [], stated: true };
}

/** What rules may say of an entry. */
export function factorOf(
  entryName: string,
  entry: OidcEntry,
  preset: OidcPreset | undefined,
): FactorInfo {
  const pin = pinOf(entry, preset);
  const common = {
    name: nameOf(entryName),
    type: TYPE,
    pins: [pin ?? { claim: "iss" }],
    bindings: ["key", "audience"] as const,
    defaultBinding: preset?.defaultBinding ?? "key",
    settings: [],
  };
  if (preset === undefined) {
    const claim = pin?.claim;
    return {
      ...common,
      claims: {
        iss: "string",
        sub: "string",
        ...(claim !== undefined && { [claim]: "string" as const }),
      },
      open: true,
      withheld: [...JUDGED_CLAIMS],
      joinable: claim === undefined || claim === "sub" ? ["sub"] : ["sub", claim],
    };
  }
  const kinds = Object.entries(claimsOf(preset)).map(([name, { kind }]) => [name, kind] as const);
  return {
    ...common,
    claims: Object.fromEntries(kinds),
    joinable: preset.joinable,
    ...(preset.instanceClaims && { instanceClaims: preset.instanceClaims }),
  };
}
