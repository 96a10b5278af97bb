import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";

/** A key in memory needs no other mode: they spare calls of a key service. */
export const local: BackendDefinition = {
  backend: "local",
  x509: ["direct"],
  token: ["direct"],
  settings: () => ({
    /** May be absent once the key is retired. */
    private_key: z.optional(
      z.string().check(z.regex(/^(?:file|env):./, "must be file:… or env:…")),
    ),
  }),
};
