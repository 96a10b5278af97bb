import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { privateKey } from "./fields.ts";

/**
 * A key in memory needs no other mode for its own sake: they spare calls of a key service. `delegated` is there so that
 * a trial has the chains that production has.
 */
export const local: BackendDefinition = {
  backend: "local",
  x509: ["direct", "delegated"],
  token: ["direct"],
  settings: () => ({
    /** May be absent once the key is retired. */
    private_key: z.optional(privateKey()),
  }),
};
