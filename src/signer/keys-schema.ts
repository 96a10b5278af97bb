import * as z from "zod/mini";
import { SIGNATURE_ALGORITHMS } from "./algorithms.ts";
import { awsKms, BACKENDS, local } from "./definitions.ts";
import { parseInstant } from "./instant.ts";

/** The shape of `keys:`. What the instants mean together is `checkTimeline`, what the files hold is `loadKeySet`. */

const instant = z.string().check(
  z.refine((text) => parseInstant(text) !== undefined, {
    error: "must be an instant such as 2026-11-01T00:00:00Z",
  }),
);
const resource = z.string().check(z.regex(/^(?:file|data):./, "must be file:… or data:…"));

const common = {
  id: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
  algorithm: z.optional(z.enum(SIGNATURE_ALGORITHMS)),
  published_at: instant,
  active_from: z.optional(z.union([z.literal("standby"), instant])),
  retired_at: z.optional(instant),
  removed_at: z.optional(instant),
};

const one = { error: `expected ${BACKENDS.map((name) => `"${name}"`).join(" or ")}` };
const x509Key = z.discriminatedUnion(
  "backend",
  [
    z.strictObject({ ...common, ...local, certificate: resource }),
    z.strictObject({ ...common, ...awsKms, certificate: resource }),
  ],
  one,
);
/** `public_key` is PEM, and needed where no private key is there to tell it. */
const tokenKey = z.discriminatedUnion(
  "backend",
  [
    z.strictObject({ ...common, ...local, public_key: z.optional(resource) }),
    z.strictObject({ ...common, ...awsKms, public_key: resource }),
  ],
  one,
);
const MAX_KEYS = 64;

export const keysSchema = z.strictObject({
  x509: z.optional(z.array(x509Key).check(z.maxLength(MAX_KEYS))),
  jwt: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
  wit: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
});
export type KeysConfig = z.output<typeof keysSchema>;
export type X509KeyConfig = z.output<typeof x509Key>;
export type TokenKeyConfig = z.output<typeof tokenKey>;
