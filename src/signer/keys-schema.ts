import * as z from "zod/mini";
import { SIGNATURE_ALGORITHMS, type SvidUse } from "./algorithms.ts";
import type { BackendDefinition, KeyMode, Misplaced } from "./definition.ts";
import { backendDefinitions } from "./definitions.ts";
import { byRegion } from "./definitions/fields.ts";
import { parseInstant } from "./instant.ts";
import type { ModeSettings } from "./mode.ts";

/** The shape of `keys:`. What the instants mean together is `checkTimeline`, what the files hold is `loadKeySet`. */

export const instant = z.string().check(
  z.refine((text) => parseInstant(text) !== undefined, {
    error: "must be an instant such as 2026-11-01T00:00:00Z",
  }),
);
export const activeFrom = z.optional(z.union([z.literal("standby"), instant]));
const resource = z.string().check(z.regex(/^(?:file|data):./, "must be file:… or data:…"));

/** Modes in which intermediates sign. */
const INTERMEDIATES: readonly KeyMode[] = ["delegated", "upstream"];

const common = {
  id: z
    .string()
    .check(
      z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected a name of letters, digits, . _ and -"),
    ),
  algorithm: z.optional(z.enum(SIGNATURE_ALGORITHMS)),
  published_at: instant,
  active_from: activeFrom,
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
  readonly wrapped_key?: ModeSettings["wrapped_key"];
  readonly name_constraints?: ModeSettings["name_constraints"];
  readonly [setting: string]: unknown;
}
export interface X509KeyConfig extends KeyConfig {
  /** What the bundle shows. */
  readonly certificate: string;
}

const MAX_KEYS = 64;

/** Made where a configuration is read: runtimes that are given compiled ones start without it. */
export const keysSchema = z.lazy(() => {
  const x509Key = keySchema<X509KeyConfig>("x509", () => ({ certificate: resource }));
  const tokenKey = keySchema<KeyConfig>("token", ({ backend }) => ({
    public_key: backend === "local" ? publicKey : resource,
  }));
  return z.strictObject({
    x509: z.optional(z.array(x509Key).check(z.maxLength(MAX_KEYS))),
    jwt: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
    wit: z.optional(z.array(tokenKey).check(z.maxLength(MAX_KEYS))),
  });
});
export type KeysConfig = z.output<typeof keysSchema>;

/** One strict object a backend, told apart by its name. */
function keySchema<K extends KeyConfig>(
  use: "x509" | "token",
  more: (definition: BackendDefinition) => Readonly<Record<string, z.ZodMiniType>>,
): z.ZodMiniType<K> {
  const fitting = backendDefinitions.filter((definition) => definition[use].length > 0);
  const options = fitting.map((definition) => {
    const modes = definition[use];
    return z
      .strictObject({
        ...common,
        backend: z.literal(definition.backend),
        mode: modeSchema(definition.backend, modes),
        ...definition.settings(),
        ...more(definition),
        ...membersOfModes(modes),
      })
      .check(({ value, issues }) => {
        for (const [member, message] of misplaced(value, definition, modes))
          issues.push({ code: "custom", path: [member], message, input: value });
      });
  });
  const names = fitting.map(({ backend }) => `"${backend}"`);
  const [first, ...others] = options;
  if (first === undefined) throw new TypeError("there are backends for every use");
  const union: z.ZodMiniType = z.discriminatedUnion("backend", [first, ...others], {
    error: ({ code }) =>
      code === "invalid_union" ? `expected ${names.join(" or ")}` : "expected a map",
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members of a backend are its opener's to know
  return union as z.ZodMiniType<K>;
}

/** An entry's mode, and what it says of it. */
export function modeOf(entry: KeyConfig, use: SvidUse): ModeSettings {
  const { backend, wrapped_key, name_constraints } = entry;
  const definition = backendDefinitions.find((one) => one.backend === backend);
  const [usual = "direct"] = definition?.[use === "x509" ? "x509" : "token"] ?? [];
  return {
    mode: entry.mode ?? usual,
    ...(wrapped_key !== undefined && { wrapped_key }),
    ...(name_constraints !== undefined && { name_constraints }),
  };
}

function membersOfModes(modes: readonly KeyMode[]): Readonly<Record<string, z.ZodMiniType>> {
  return {
    ...(modes.includes("wrapped") && { wrapped_key: z.optional(byRegion(resource)) }),
    ...(modes.some((mode) => INTERMEDIATES.includes(mode)) && {
      name_constraints: z.optional(
        z.enum(["exclude_dns_ip", "permit_uri", "none"], {
          error: "expected exclude_dns_ip, permit_uri or none",
        }),
      ),
    }),
  };
}

/** Members that stand with a mode which has no use for them, and those that a mode lacks. */
function misplaced(
  entry: Readonly<Record<string, unknown>>,
  definition: BackendDefinition,
  [usual, ...others]: readonly KeyMode[],
): readonly Misplaced[] {
  const mode = [usual, ...others].find((one) => one === entry["mode"]) ?? usual ?? "direct";
  const issues: Misplaced[] = [...(definition.misplaced?.(entry, mode) ?? [])];
  const wraps = mode === "wrapped";
  if (wraps !== (entry["wrapped_key"] !== undefined))
    issues.push(["wrapped_key", wraps ? "is required in mode wrapped" : "is for mode wrapped"]);
  if (entry["name_constraints"] !== undefined && !INTERMEDIATES.includes(mode))
    issues.push(["name_constraints", `is for the modes ${INTERMEDIATES.join(" and ")}`]);
  return issues;
}

function modeSchema(backend: string, modes: readonly KeyMode[]): z.ZodMiniType {
  const error = `backend ${backend} has the mode${modes.length > 1 ? "s" : ""} ${modes.join(", ")}`;
  return z.optional(z.enum(modes, { error }));
}
