import * as z from "zod/mini";
import { SIGNATURE_ALGORITHMS } from "./algorithms.ts";
import { parseInstant } from "./instant.ts";

/** The shape of `keys:`. What the instants mean together is `checkTimeline`, what the files hold is `loadKeySet`. */

const instant = z.string().check(
  z.refine((text) => parseInstant(text) !== undefined, {
    error: "must be an instant such as 2026-11-01T00:00:00Z",
  }),
);
const reference = (forms: readonly string[]) =>
  z.string().check(
    z.refine((text) => forms.some((form) => text.startsWith(form) && text.length > form.length), {
      error: `must be ${forms.map((form) => `${form}…`).join(" or ")}`,
    }),
  );
const resource = reference(["file:", "data:"]);

const common = {
  id: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
  backend: z.literal("local"),
  /** A key in memory needs none of the others: they spare calls of a key service. */
  mode: z.optional(
    z.literal("direct", { error: "backend local signs with the key itself: its mode is direct" }),
  ),
  /** May be absent once the key is retired. */
  private_key: z.optional(reference(["file:", "env:"])),
  algorithm: z.optional(z.enum(SIGNATURE_ALGORITHMS)),
  published_at: instant,
  active_from: z.optional(z.union([z.literal("standby"), instant])),
  retired_at: z.optional(instant),
  removed_at: z.optional(instant),
};

const x509Key = z.strictObject({ ...common, certificate: resource });
const tokenKey = z.strictObject({
  ...common,
  /** PEM; needed where the private key is not there any more. */
  public_key: z.optional(resource),
});
const MAX_KEYS = 64;

export const keysSchema = z.strictObject({
  x509: z.optional(z.array(x509Key).check(z.maxLength(MAX_KEYS))),
  jwt: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
  wit: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
});
export type KeysConfig = z.output<typeof keysSchema>;
export type X509KeyConfig = z.output<typeof x509Key>;
export type TokenKeyConfig = z.output<typeof tokenKey>;
