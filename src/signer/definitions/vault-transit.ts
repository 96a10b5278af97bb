import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { vaultFields, vaultUrl } from "./vault-login.ts";

export const vaultTransit: BackendDefinition = {
  backend: "vault_transit",
  x509: ["direct", "delegated"],
  token: ["direct", "wrapped"],
  settings: () => ({
    key: vaultUrl("keys"),
    version: z.optional(z.int().check(z.minimum(1), z.maximum(999_999_999))),
    ...vaultFields(),
  }),
};
