import type { CurveName } from "./primitives.ts";

/** Octets of a coordinate; for these curves also of the group order, and so of each half of a raw signature. */
export const CURVE_BYTES: Readonly<Record<CurveName, number>> = {
  "P-256": 32,
  "P-384": 48,
  "P-521": 66,
};

export function isCurveName(name: unknown): name is CurveName {
  return name === "P-256" || name === "P-384" || name === "P-521";
}
