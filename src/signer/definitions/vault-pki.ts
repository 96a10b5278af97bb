import type { BackendDefinition } from "../definition.ts";
import { vaultFields, vaultUrl } from "./vault-login.ts";

export const vaultPki: BackendDefinition = {
  backend: "vault_pki",
  x509: ["upstream"],
  token: [],
  settings: () => ({ ca: vaultUrl("issuer"), ...vaultFields() }),
};
