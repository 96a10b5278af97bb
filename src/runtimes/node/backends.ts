import { openAwsKms } from "../../signer/aws-kms.ts";
import { openAzureKeyVault } from "../../signer/azure-key-vault.ts";
import type { Backends } from "../../signer/backend.ts";
import { openLocal } from "../../signer/local.ts";
import { openVaultTransit } from "../../signer/vault-transit.ts";
import { withLibraries } from "./libraries.ts";

/** Where the signing keys of the runtimes on Node may lie. */
export const backends: Backends = {
  local: openLocal,
  aws_kms: withLibraries(openAwsKms),
  azure_key_vault: withLibraries(openAzureKeyVault),
  vault_transit: withLibraries(openVaultTransit),
};
