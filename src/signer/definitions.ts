import * as z from "zod/mini";

/**
 * What an entry of `keys:` says of its backend, beside what all entries say. What opens a backend is listed by each
 * runtime, so that a bundle holds none that it cannot use, and no schema where configurations come compiled.
 */

/** A map from region to value is for replicas of one key. */
const REGION = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;
/** Of one key: an alias may be pointed at another. */
const AWS_KEY =
  /^arn:aws(?:-cn|-us-gov)?:kms:[a-z]{2}(?:-[a-z]+)+-\d{1,2}:\d{12}:key\/[A-Za-z0-9-]{1,64}$/;

const awsKey = z
  .string()
  .check(z.regex(AWS_KEY, "expected the ARN of a key (arn:aws:kms:…:key/…), not of an alias"));

export const local = {
  backend: z.literal("local"),
  /** A key in memory needs none of the others: they spare calls of a key service. */
  mode: z.optional(
    z.literal("direct", { error: "backend local signs with the key itself: its mode is direct" }),
  ),
  /** May be absent once the key is retired. */
  private_key: z.optional(z.string().check(z.regex(/^(?:file|env):./, "must be file:… or env:…"))),
};
export interface LocalSettings {
  readonly private_key?: string | undefined;
}

export const awsKms = {
  backend: z.literal("aws_kms"),
  mode: z.optional(z.literal("direct", { error: "backend aws_kms has the mode direct" })),
  key: z.union([
    awsKey,
    z
      .record(z.string().check(z.regex(REGION, "expected the name of a region")), awsKey)
      .check(z.refine((keys) => Object.keys(keys).length > 0, { error: "names no region" })),
  ]),
};
export interface AwsKmsSettings {
  readonly key: string | Readonly<Record<string, string>>;
}

const definitions = [local, awsKms] as const;

/** As `backend:` names them. */
export const BACKENDS: readonly string[] = ["local", "aws_kms"];

/** Of a checked entry, what its backend's opener takes. */
export function settingsOf(entry: { readonly backend: string }): Readonly<Record<string, unknown>> {
  const index = BACKENDS.indexOf(entry.backend);
  const members = Object.keys(definitions[index] ?? {});
  return Object.fromEntries(
    Object.entries(entry).filter(([name]) => name !== "backend" && members.includes(name)),
  );
}
