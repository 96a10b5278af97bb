import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { byRegion } from "./fields.ts";

/** One version of one key: without it, whoever adds a version would change the key that signs. */
const AZURE_KEY =
  /^https:\/\/[a-z][a-z0-9-]{2,23}\.(?:vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net|managedhsm\.azure\.net)\/keys\/[A-Za-z0-9-]{1,127}\/[0-9a-f]{32}$/;

export const azureKeyVault: BackendDefinition = {
  backend: "azure_key_vault",
  x509: ["direct", "delegated"],
  token: ["direct", "wrapped"],
  settings: () => ({
    key: byRegion(
      z
        .string()
        .check(
          z.regex(
            AZURE_KEY,
            "expected the identifier of a key with its version, as Azure shows it in kid (https://NAME.vault.azure.net/keys/KEY/VERSION)",
          ),
        ),
    ),
    client_id: z.optional(
      z.string().check(z.regex(/^[0-9A-Za-z-]{1,64}$/, "expected the client id of an identity")),
    ),
  }),
};
