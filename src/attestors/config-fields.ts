import * as z from "zod/mini";
import { parseDuration } from "../duration.ts";
import { KEY_MARK } from "./binding.ts";

/** Settings that several evidence types have, so that they mean the same everywhere. */

/** The base of S where it is not the issuer URL. Free text for the provider, compared whole. */
export const audienceField = () =>
  z.string().check(
    z.minLength(1),
    z.maxLength(1000),
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    z.regex(/^[^\u0000-\u001f\u007f]*$/, "control characters are not allowed"),
    z.refine((text) => !text.includes(KEY_MARK), {
      error: `must not contain ${KEY_MARK}, which stands before a key's thumbprint`,
    }),
  );

/** `file:`, `data:` or an `https:` URL of a JSON Web Key Set. */
export const jwksField = () =>
  z
    .string()
    .check(
      z.maxLength(262_144),
      z.regex(/^(?:file|data|https?):./, "expected file:, data: or an https: URL"),
    );

const DURATION = "expected a whole number and a unit: 90s, 10m or 1h";

/** A duration, read as seconds. @param max in seconds */
export function lifetimeField(max: number) {
  return z.pipe(
    z.string(DURATION).check(
      z.regex(/^[1-9]\d*[smhd]$/, DURATION),
      z.refine((text) => (parseDuration(text) ?? 0) <= max, {
        error: `expected at most ${max / 3600}h`,
      }),
    ),
    z.transform((text: string) => parseDuration(text) ?? 0),
  );
}

/** One value or several. */
export function oneOrMore<T extends z.ZodMiniType>(value: T) {
  return z.union([value, z.array(value).check(z.minLength(1))]);
}
