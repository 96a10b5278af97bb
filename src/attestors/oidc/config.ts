import * as z from "zod/mini";
import { schemeOf } from "../../encoding/jws.ts";
import { audienceField, jwksField, lifetimeField, oneOrMore } from "../config-fields.ts";
import { JUDGED_CLAIMS } from "./claims.ts";
import type { OidcPreset } from "./preset.ts";

const pinValue = () => z.string().check(z.minLength(1), z.maxLength(255));
/** `issuer`, where every token of the issuer is the operator's own; else the claim that names whose it is. */
const pinField = () =>
  z.union([
    pinValue(),
    z.strictObject({ claim: pinValue(), values: z.array(pinValue()).check(z.minLength(1)) }),
  ]);

const fields = () => ({
  /** A name of `OidcPreset`s. */
  preset: z.optional(z.string()),
  /** Compared whole with `iss`. An https URL; any text where `jwks` is given. */
  issuer: z.optional(z.string().check(z.minLength(1), z.maxLength(255))),
  audience: z.optional(audienceField()),
  /** Without it the issuer's discovery document names the keys, on the issuer's own host. */
  jwks: z.optional(jwksField()),
  jwks_max_bytes: z.optional(z.int().check(z.gte(1024), z.lte(262_144))),
  algorithms: z.optional(
    z
      .array(
        z.string().check(
          z.refine((alg) => schemeOf(alg) !== undefined, {
            error: "expected an asymmetric signature algorithm: RS256, ES256, ES384 …",
          }),
        ),
      )
      .check(z.minLength(1)),
  ),
  max_lifetime: z.optional(lifetimeField(86_400)),
  pin: z.optional(pinField()),
  /** Keys made on this machine vouch for whatever they sign: only for development. */
  dev: z.optional(z.literal(true)),
});

export type OidcEntry = z.infer<z.ZodMiniObject<ReturnType<typeof fields>>>;
export type OidcConfig = Readonly<Record<string, OidcEntry>>;

/** The schema of the `oidc:` section. The customer ids of presets are members of an entry, under the claim's own name. */
export function oidcConfig(presets: readonly OidcPreset[]): z.ZodMiniType<OidcConfig> {
  const pins = presets.flatMap(({ pin }) => (pin === undefined ? [] : [pin]));
  const customerFields = Object.fromEntries(
    pins.map((pin) => [pin, z.optional(oneOrMore(pinValue()))]),
  );
  const entry = z.strictObject({ ...customerFields, ...fields() }).check((context) => {
    for (const [member, message] of problemsOf(context.value, presets)) {
      context.issues.push({ code: "custom", input: context.value, path: [member], message });
    }
  });
  const name = z
    .string()
    .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "expected a name of a-z, 0-9, - and _"));
  return z.record(name, entry);
}

/** What the members of an entry mean together; each with the member that it stands at. */
function problemsOf(entry: OidcEntry, presets: readonly OidcPreset[]): [string, string][] {
  const problems: [string, string][] = [];
  const preset = presets.find(({ name }) => name === entry.preset);
  if (entry.preset !== undefined && preset === undefined) {
    const known = presets.map(({ name }) => name).join(", ");
    problems.push(["preset", known === "" ? "there are no presets" : `expected one of: ${known}`]);
  }
  if (entry.dev === true && entry.jwks === undefined)
    problems.push(["jwks", "required: dev has no issuer to ask"]);
  if (entry.dev === true && entry.preset !== undefined) problems.push(["dev", "dev has no preset"]);
  if (entry.issuer === undefined && preset?.issuer === undefined && entry.dev !== true)
    problems.push(["issuer", "required"]);
  for (const { pin } of presets) {
    if (pin === undefined || pin === preset?.pin || customersOf(entry, pin) === undefined) continue;
    problems.push([pin, "belongs to another preset"]);
  }
  if (preset?.pin !== undefined && customersOf(entry, preset.pin) === undefined) {
    problems.push([preset.pin, "required: the issuer serves many customers, name yours"]);
  }
  if (entry.preset === undefined && entry.pin === undefined) {
    problems.push([
      "pin",
      "required: the claim that names the customer, or issuer where the issuer is yours alone",
    ]);
  }
  const pinned = typeof entry.pin === "object" ? entry.pin.claim : entry.pin;
  if (pinned !== undefined && JUDGED_CLAIMS.has(pinned)) {
    problems.push(["pin", "names nobody: it is judged by itself"]);
  }
  if (preset !== undefined && entry.pin !== undefined)
    problems.push(["pin", "the preset has its own"]);
  return problems;
}

/** The values that an entry lists under the pin of its preset. */
export function customersOf(entry: OidcEntry, pin: string): readonly string[] | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(entry, pin)?.value;
  const values: unknown[] = [value].flat();
  return values.every((one) => typeof one === "string") ? values : undefined;
}
