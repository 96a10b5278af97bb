import { decodePem, encodePem } from "../encoding/pem.ts";
import type { BackendDeps, IntermediateRequest, KeyHandle, UpstreamCa } from "./backend.ts";
import { KeyService } from "./key-service.ts";
import { SignerError } from "./signer.ts";
import { askVault, vaultPlace, type VaultPlace, type VaultSettings } from "./vault.ts";

interface VaultPkiSettings extends VaultSettings {
  /** An issuer of a PKI engine. */
  readonly ca: string | Readonly<Record<string, string>>;
}

/** An intermediate, what is between it and the root, and the root. */
const MAX_CERTIFICATES = 8;

/**
 * `backend: vault_pki`: an issuer in the PKI engine of HashiCorp Vault or OpenBao certifies intermediates. Mode
 * `upstream` alone.
 * @see https://developer.hashicorp.com/vault/api-docs/secret/pki#sign-intermediate
 */
export async function openVaultPki(
  settings: VaultPkiSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const place = vaultPlace(settings.ca, { field: "ca", kind: "issuer" }, settings, deps);
  return place && { upstream: (id) => vaultCa(id, place) };
}

function vaultCa(id: string, place: VaultPlace): UpstreamCa {
  const service = new KeyService(`the CA of ${id}`);
  const path = `issuer/${place.name}/sign-intermediate`;
  return Object.freeze({
    async certify({ csr, notAfter }: IntermediateRequest): Promise<readonly Uint8Array[]> {
      const parameters = {
        csr: encodePem("CERTIFICATE REQUEST", csr),
        format: "pem",
        // Subject and extensions are the request's; that it is a CA, and of what path length, Vault lets none say.
        use_csr_values: true,
        max_path_length: 0,
        // Not `not_after`, which passes over the longest life that the engine is set up to give.
        ttl: `${notAfter - place.platform.now()}s`,
      };
      const { ca_chain: chain } = await service.call((timeoutMs) =>
        askVault(id, path, parameters, timeoutMs, place),
      );
      const text = Array.isArray(chain) ? chain.join("\n") : "";
      const blocks = decodePem(text, "CERTIFICATE", { max: MAX_CERTIFICATES });
      if (!blocks.ok)
        throw new SignerError("unsound", `Vault answered for ${id} with no certificates`);
      return blocks.value;
    },
  });
}
