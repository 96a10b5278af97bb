import * as z from "zod/mini";
import { schemeOf } from "../../encoding/jws.ts";
import { audienceField, jwksField, lifetimeField } from "../config-fields.ts";

export const pinValue = () => z.string().check(z.minLength(1), z.maxLength(255));
/** `issuer`, where every token of the issuer is the operator's own; else the claim that names whose it is. */
const pinField = () =>
  z.union([
    pinValue(),
    z.strictObject({ claim: pinValue(), values: z.array(pinValue()).check(z.minLength(1)) }),
  ]);

/** The members that any entry may have. */
export const entryFields = () => ({
  /** A name of `presets.ts`. */
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

export type OidcEntry = z.infer<z.ZodMiniObject<ReturnType<typeof entryFields>>>;
export type OidcConfig = Readonly<Record<string, OidcEntry>>;
