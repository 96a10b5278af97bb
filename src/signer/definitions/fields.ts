import * as z from "zod/mini";

const REGION = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;

/** One value, or a map from region to value for replicas of one key. */
export function byRegion<T>(value: z.ZodMiniType<T>): z.ZodMiniType {
  return z.union([
    value,
    z
      .record(z.string().check(z.regex(REGION, "expected the name of a region")), value)
      .check(z.refine((values) => Object.keys(values).length > 0, { error: "names no region" })),
  ]);
}

/** A private key of the operator's; compiled configurations hold none. */
export function privateKey(): z.ZodMiniType<string> {
  return z.string().check(z.regex(/^(?:file|env):./, "must be file:… or env:…"));
}
