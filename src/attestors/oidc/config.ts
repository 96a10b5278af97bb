import * as z from "zod/mini";
import { oneOrMore } from "../config-fields.ts";
import { entryFields, pinValue, type OidcConfig } from "./entry.ts";
import type { OidcPreset } from "./preset.ts";
import { membersOf, problemsOf } from "./problems.ts";

/**
 * The schema of the `oidc:` section. The customer ids of presets, and what widens them, are members of an entry, under the
 * names that the presets give.
 */
export function oidcConfig(presets: readonly OidcPreset[]): z.ZodMiniType<OidcConfig> {
  const members = presets.flatMap((preset) => membersOf(preset));
  const presetFields = Object.fromEntries(
    members.map((member) => [member, z.optional(oneOrMore(pinValue()))]),
  );
  const names = presets.map(({ name: preset }) => preset);
  const unknown = `there is none of that name: ${names.join(", ")}; for any other issuer leave preset out and state issuer and pin`;
  const preset = z.optional(z.enum(names, { error: unknown }));
  const entry = z.strictObject({ ...presetFields, ...entryFields(), preset }).check((context) => {
    for (const [member, message] of problemsOf(context.value, presets)) {
      context.issues.push({ code: "custom", input: context.value, path: [member], message });
    }
  });
  const name = z
    .string()
    .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "expected a name of a-z, 0-9, - and _"));
  return z.record(name, entry);
}
