import * as z from "zod/mini";
import { durationSchema } from "../duration-schema.ts";

/**
 * The shape of `rules:` and `deny:`. Strict: a key that is not here is an error. What the values mean, and whether
 * evidence can prove them, is decided by `compilePolicy`.
 */

const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** An exact value, a glob, or a list of them. */
const matcherSchema = z.union([scalar, z.array(scalar)]);
export type MatcherInput = z.output<typeof matcherSchema>;

const text = z.string().check(z.minLength(1), z.maxLength(2048));
const DAY = 86_400;

/** A setting by the name of the evidence. Emptied, it would take a condition away without a word. */
function byFactor<T extends z.ZodMiniType>(schema: T) {
  const filled = z.refine(
    (map: unknown) => typeof map === "object" && map !== null && Object.keys(map).length > 0,
    { error: "must not be empty" },
  );
  return z.record(z.string(), schema).check(filled);
}

/** Names of `peers:`. */
function peerNames() {
  return z.array(text).check(z.minLength(1), z.maxLength(64));
}

const x509Schema = z.strictObject({
  ttl: z.prefault(durationSchema(60, DAY), "1h"),
  key_types: z.optional(z.array(z.enum(["p256", "p384", "rsa", "ed25519"])).check(z.minLength(1))),
});
const jwtSchema = z.strictObject({
  ttl: z.prefault(durationSchema(30, 3600), "5m"),
  audiences: z.optional(z.array(text).check(z.minLength(1), z.maxLength(32))),
  multiple_audiences: z.optional(z.boolean()),
  exchange_to: z.optional(peerNames()),
});
const witSchema = z.strictObject({ ttl: z.prefault(durationSchema(60, DAY), "1h") });

export const ruleSchema = z.strictObject({
  name: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
  mode: z.optional(z.enum(["enforce", "audit"])),
  evidence: z.record(z.string(), z.record(z.string(), matcherSchema)),
  join: z.optional(z.array(z.tuple([text, text])).check(z.minLength(1), z.maxLength(8))),
  binding: z.optional(byFactor(z.enum(["key", "audience", "none"]))),
  replay: z.optional(byFactor(z.enum(["once"]))),
  first_claim_within: z.optional(durationSchema(10, DAY)),
  max_instance_age: z.optional(durationSchema(60, 3650 * DAY)),
  keys_per_token: z.optional(z.int().check(z.gte(1), z.lte(1024))),
  spiffe_id: text,
  shared_id: z.optional(z.boolean()),
  x509: z.optional(x509Schema),
  jwt: z.optional(jwtSchema),
  wit: z.optional(witSchema),
  federates_with: z.optional(peerNames()),
});
export type RuleInput = z.output<typeof ruleSchema>;

/** One kind of condition an entry: a SPIFFE ID, a claim key, or claims of which all hold on one attestation. */
export const denyEntrySchema = z.catchall(
  z.object({
    spiffe_id: z.optional(text),
    claim_key: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
    evidence: z.optional(text),
    note: z.optional(z.string()),
  }),
  matcherSchema,
);
export type DenyInput = z.output<typeof denyEntrySchema>;
