import { openAwsKms } from "../../signer/aws-kms.ts";
import { openAwsPrivateCa } from "../../signer/aws-private-ca.ts";
import { openAzureKeyVault } from "../../signer/azure-key-vault.ts";
import type { Backends } from "../../signer/backend.ts";
import { openGcpKms } from "../../signer/gcp-kms.ts";
import { openCaFiles } from "../../signer/ca-files.ts";
import { openLocal } from "../../signer/local.ts";
import { openStepCa } from "../../signer/step-ca.ts";
import { openVaultPki } from "../../signer/vault-pki.ts";
import { openVaultTransit } from "../../signer/vault-transit.ts";
import type { Pkcs11Settings } from "../../signer/node/pkcs11/settings.ts";
import { withLibraries } from "./libraries.ts";

const closers = new Set<() => Promise<void>>();

/** Where the signing keys of the runtimes on Node may lie. */
export const backends: Backends = {
  local: openLocal,
  aws_kms: withLibraries(openAwsKms),
  gcp_kms: withLibraries(openGcpKms),
  azure_key_vault: withLibraries(openAzureKeyVault),
  vault_transit: withLibraries(openVaultTransit),
  vault_pki: withLibraries(openVaultPki),
  // Needs a module of the operator's own: beside the bundle, loaded where it is configured.
  pkcs11: async (settings: Pkcs11Settings, deps) => {
    const { closePkcs11, openPkcs11 } = await import("../../signer/node/pkcs11/pkcs11.ts");
    closers.add(closePkcs11);
    return openPkcs11(settings, deps);
  },
  aws_private_ca: withLibraries(openAwsPrivateCa),
  step_ca: openStepCa,
  ca_files: openCaFiles,
};

/** What opened keys hold on to of this machine is let go. Keys that are used later take it again. */
export async function closeBackends(): Promise<void> {
  await Promise.all(Array.from(closers, (close) => close()));
}
