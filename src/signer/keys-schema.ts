import * as z from "zod/mini";
import { SIGNATURE_ALGORITHMS } from "./algorithms.ts";
import type { BackendDefinition, KeyMode } from "./definition.ts";
import { backendDefinitions } from "./definitions.ts";
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

/** PEM; needed where no private key is there to tell it. */
const publicKey = z.optional(resource);

/** What all entries say, beside the members of their backend. */
export interface KeyConfig extends z.output<z.ZodMiniObject<typeof common>> {
  readonly backend: string;
  readonly mode?: KeyMode | undefined;
  readonly public_key?: string | undefined;
  readonly certificate?: string | undefined;
  readonly [setting: string]: unknown;
}
export interface X509KeyConfig extends KeyConfig {
  /** What the bundle shows. */
  readonly certificate: string;
}

const x509Key = keySchema<X509KeyConfig>("x509", () => ({ certificate: resource }));
const tokenKey = keySchema<KeyConfig>("token", ({ backend }) => ({
  public_key: backend === "local" ? publicKey : resource,
}));
const MAX_KEYS = 64;

export const keysSchema = z.strictObject({
  x509: z.optional(z.array(x509Key).check(z.maxLength(MAX_KEYS))),
  jwt: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
  wit: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
});
export type KeysConfig = z.output<typeof keysSchema>;

/** One strict object a backend, told apart by its name. */
function keySchema<K extends KeyConfig>(
  use: "x509" | "token",
  more: (definition: BackendDefinition) => Readonly<Record<string, z.ZodMiniType>>,
): z.ZodMiniType<K> {
  const fitting = backendDefinitions.filter((definition) => definition[use].length > 0);
  const options = fitting.map((definition) =>
    z.strictObject({
      ...common,
      backend: z.literal(definition.backend),
      mode: modeSchema(definition.backend, definition[use]),
      ...definition.settings(),
      ...more(definition),
    }),
  );
  const names = fitting.map(({ backend }) => `"${backend}"`);
  const [first, ...others] = options;
  if (first === undefined) throw new TypeError("there are backends for every use");
  const union: z.ZodMiniType = z.discriminatedUnion("backend", [first, ...others], {
    error: `expected ${names.join(" or ")}`,
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members of a backend are its opener's to know
  return union as z.ZodMiniType<K>;
}

function modeSchema(backend: string, modes: readonly KeyMode[]): z.ZodMiniType {
  const error = `backend ${backend} has the mode${modes.length > 1 ? "s" : ""} ${modes.join(", ")}`;
  return z.optional(z.enum(modes, { error }));
}
