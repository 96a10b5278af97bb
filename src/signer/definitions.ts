import type { BackendDefinition } from "./definition.ts";
import { awsKms } from "./definitions/aws-kms.ts";
import { awsPrivateCa } from "./definitions/aws-private-ca.ts";
import { azureKeyVault } from "./definitions/azure-key-vault.ts";
import { gcpKms } from "./definitions/gcp-kms.ts";
import { caFiles } from "./definitions/ca-files.ts";
import { local } from "./definitions/local.ts";
import { stepCa } from "./definitions/step-ca.ts";
import { vaultPki } from "./definitions/vault-pki.ts";
import { vaultTransit } from "./definitions/vault-transit.ts";
import { pkcs11 } from "./definitions/pkcs11.ts";

/**
 * Every backend that a configuration may name. What opens them is listed by each runtime, so that a bundle holds none
 * that it cannot use, and no schema where configurations come compiled.
 */
export const backendDefinitions: readonly BackendDefinition[] = [
  local,
  awsKms,
  gcpKms,
  azureKeyVault,
  vaultTransit,
  vaultPki,
  pkcs11,
  awsPrivateCa,
  stepCa,
  caFiles,
];

/** Of a checked entry, what its backend's opener takes. */
export function settingsOf(entry: { readonly backend: string }): Readonly<Record<string, unknown>> {
  const definition = backendDefinitions.find(({ backend }) => backend === entry.backend);
  const members = Object.keys(definition?.settings() ?? {});
  return Object.fromEntries(Object.entries(entry).filter(([name]) => members.includes(name)));
}

export function isNodeOnly(name: string): boolean {
  return backendDefinitions.some(({ backend, nodeOnly }) => backend === name && nodeOnly === true);
}
