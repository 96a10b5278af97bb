import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";

/** `CKA_LABEL`, and the label of a token, which is at most 32 octets. */
const label = (most: number): z.ZodMiniType<string> =>
  z.string().check(z.minLength(1), z.maxLength(most));
const HEX = /^(?:[0-9a-f]{2}){1,64}$/i;

export const pkcs11: BackendDefinition = {
  backend: "pkcs11",
  x509: ["direct", "delegated"],
  token: ["direct", "wrapped"],
  nodeOnly: true,
  settings: () => ({
    /** The vendor's library, on the machine that signs. */
    module: z.string().check(z.regex(/^\//, "expected the absolute path of a PKCS#11 module")),
    token: z.optional(label(32)),
    serial: z.optional(label(16)),
    slot: z.optional(z.int().check(z.nonnegative())),
    key: z.union(
      [
        label(256),
        z.strictObject({
          label: z.optional(label(256)),
          id: z.optional(z.string().check(z.regex(HEX, "expected hexadecimal"))),
        }),
      ],
      { error: "expected the key's label, or its label, id (hexadecimal) or both" },
    ),
    pin: z
      .string()
      .check(z.regex(/^(?:file|env):./, "must be file:… or env:…: no configuration holds a PIN")),
    oaep_hash: z.optional(z.enum(["sha1", "sha256", "sha384", "sha512"])),
  }),
};
