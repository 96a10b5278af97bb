import * as z from "zod/mini";
import type { AttestorDefinition } from "../attestors/attestor.ts";
import { peersSchema } from "../federation/peers-schema.ts";
import { parseInstant } from "../signer/instant.ts";
import { keysSchema } from "../signer/keys-schema.ts";
import { durationSchema } from "../duration-schema.ts";
import { denyEntrySchema, ruleSchema } from "../policy/schema.ts";
import { isReservedPath } from "../policy/template.ts";
import { storeDefinitions } from "../stores/definitions.ts";

const DAY = 86_400;

const auditSchema = z.strictObject({
  /** `stdout`, or `file:` and a path. */
  sink: z.string().check(z.regex(/^(?:stdout|file:.+)$/, "expected stdout, or file: and a path")),
  /** Waits until the sink says that the line is safe (a file: synced to disk). */
  required: z.optional(z.boolean()),
});
export type AuditConfig = z.output<typeof auditSchema>;

export const bundleSchema = z.strictObject({
  /** The latest change of the bundle that no instant of a key tells of, RFC 3339. */
  changed_at: z.optional(
    z.string().check(
      z.refine((text) => parseInstant(text) !== undefined, {
        error: "must be an instant such as 2026-11-01T00:00:00Z",
      }),
    ),
  ),
  refresh_hint: z.optional(durationSchema(60, DAY)),
  /** Path of the SPIFFE ID that the endpoint of profile `https_spiffe` shows itself by. */
  endpoint_spiffe_id: z.optional(
    z.string().check(
      z.maxLength(1024),
      z.refine(isReservedPath, {
        error:
          "expected a path below /svidmint/ or /spire/, such as /svidmint/bundle-endpoint: only those no rule can give to a workload",
      }),
    ),
  ),
});

const members = {
  trust_domain: z.string(),
  issuer: z.string(),
  peers: z.optional(peersSchema),
  keys: z.optional(keysSchema),
  audit: z.optional(auditSchema),
  /** This is the only instance: local keys and the file store may be used. */
  single_instance: z.optional(z.boolean()),
  bundle: z.optional(bundleSchema),
};

/** The document with what other parts judge (attestors and stores their sections, policy its rules) left as it stands. */
export const outerSchema = z.strictObject({
  ...members,
  evidence: z.optional(z.record(z.string(), z.unknown())),
  claims: z.optional(z.looseObject({ store: z.string() })),
  rules: z.optional(z.unknown()),
  deny: z.optional(z.unknown()),
});
export type OuterConfig = z.output<typeof outerSchema>;

/** The whole document: what editors check against. */
export function documentSchema(registry: readonly AttestorDefinition[]): z.ZodMiniType {
  const sections = Object.fromEntries(registry.map((one) => [one.type, z.optional(one.config())]));
  return z.strictObject({
    ...members,
    evidence: z.optional(z.strictObject(sections)),
    claims: z.optional(z.union(storeDefinitions.map((one) => one.config()))),
    rules: z.array(ruleSchema),
    deny: z.optional(z.array(denyEntrySchema)),
  });
}
