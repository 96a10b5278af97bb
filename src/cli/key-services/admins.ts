import { readNodeReference } from "../../runtimes/node/references.ts";
import { withLibraries } from "../../runtimes/node/libraries.ts";
import { platform } from "../key-file.ts";
import type { AdminDeps, KeyAdmin } from "./key-admin.ts";

type OpenAdmin = (deps: AdminDeps) => Promise<KeyAdmin>;

/** Key services that an operator's commands know, by the value of `backend`; each is imported when it is used. */
const ADMINS: Readonly<Record<string, OpenAdmin>> = {
  aws_kms: async (deps) => (await import("./aws-kms.ts")).awsKmsAdmin(deps),
  azure_key_vault: async (deps) => (await import("./azure-key-vault.ts")).azureKeyVaultAdmin(deps),
  gcp_kms: async (deps) => (await import("./gcp-kms.ts")).gcpKmsAdmin(deps),
  pkcs11: async (deps) => (await import("./pkcs11.ts")).pkcs11Admin(deps),
  vault_transit: async (deps) => (await import("./vault-transit.ts")).vaultTransitAdmin(deps),
};

const open = withLibraries((admin: OpenAdmin, deps: AdminDeps) => admin(deps));

/** @returns undefined for backends whose keys are no service's, or that these commands do not know */
export async function keyAdmin(
  backend: string,
  wrappingKey?: string,
): Promise<KeyAdmin | undefined> {
  const admin = Object.hasOwn(ADMINS, backend) ? ADMINS[backend] : undefined;
  return (
    admin &&
    open(admin, {
      platform,
      wrappingKey,
      env: (name) => process.env[name],
      read: (reference) => readNodeReference(reference, process.cwd()),
    })
  );
}
