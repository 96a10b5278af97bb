import { encodeBase64url } from "../encoding/base64.ts";
import { CURVE_BYTES } from "../encoding/curves.ts";
import type { HashName, PublicKey, PublicKeyInfo } from "../encoding/primitives.ts";
import { azureCredentials } from "../platform/azure-credentials.ts";
import { variable } from "../platform/credentials.ts";
import { isLoopbackHost } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import { vaultOperation, type VaultOperation } from "./azure-key-vault-call.ts";
import type { BackendDeps, KeyHandle, Unwrapper } from "./backend.ts";
import { keyHere } from "./here.ts";
import { SignerError, type Signer } from "./signer.ts";

/** In place of a vault's own address: a simulation on this machine, and nothing else. */
const ENDPOINT = "SVIDMINT_AZURE_KEY_VAULT_ENDPOINT";
export const NO_SIMULATION = `the variable ${ENDPOINT} is no http URL of a loopback host`;
/**
 * By what a vault's name ends in, whom tokens are for. It is never taken from an answer: a server that could name the
 * resource would be sent a token of ours for it.
 */
const RESOURCES: Readonly<Record<string, string>> = {
  "vault.azure.net": "https://vault.azure.net",
  "vault.azure.cn": "https://vault.azure.cn",
  "vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net",
  "managedhsm.azure.net": "https://managedhsm.azure.net",
};
const HASHES: Readonly<Record<string, HashName>> = {
  "256": "SHA-256",
  "384": "SHA-384",
  "512": "SHA-512",
};
const UNWRAPPING = "RSA-OAEP-256";

interface AzureKeyVaultSettings {
  readonly key: string | Readonly<Record<string, string>>;
  readonly client_id?: string | undefined;
}

/**
 * `backend: azure_key_vault`: a key of Azure Key Vault or Managed HSM, by its identifier with the version. Opening it
 * asks nothing; each signature is one `sign`, each data key one `unwrapkey`.
 */
export async function openAzureKeyVault(
  { key, client_id }: AzureKeyVaultSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  // App Service writes "West Europe" where a region is called westeurope everywhere else.
  const own = variable(deps, "REGION_NAME")?.toLowerCase().replaceAll(" ", "");
  const kid = keyHere(key, deps, own);
  if (kid === undefined) return undefined;
  const { origin, hostname, pathname } = new URL(kid);
  const resource = RESOURCES[hostname.slice(hostname.indexOf(".") + 1)];
  if (resource === undefined) {
    deps.complain("key", "is in no vault of Azure");
    return undefined;
  }
  const place = vaultAddress(origin, deps);
  if (place === undefined) {
    deps.complain("key", NO_SIMULATION);
    return undefined;
  }
  const url = place + pathname;
  const operate = vaultOperation({
    kid,
    url,
    platform: deps.platform,
    credentials: azureCredentials(deps, resource, client_id),
  });
  return {
    signer: (id, chosen, publicKey) => vaultSigner(id, chosen, publicKey, deps, operate),
    unwrapper: (id) => vaultUnwrapper(id, operate),
  };
}

/**
 * Where a vault is reached.
 * @param origin its own
 * @returns undefined where the variable leads beyond this machine
 */
export function vaultAddress(origin: string, deps: Pick<BackendDeps, "env">): string | undefined {
  const endpoint = variable(deps, ENDPOINT);
  if (endpoint === undefined) return origin;
  return isLoopback(endpoint) ? endpoint.replace(/\/$/, "") : undefined;
}

function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, username, search } = new URL(text);
  const bare = pathname === "/" && username === "" && search === "";
  return protocol === "http:" && isLoopbackHost(hostname) && bare;
}

function vaultSigner(
  id: string,
  { algorithm, scheme }: ChosenAlgorithm,
  publicKey: PublicKey,
  { platform }: { readonly platform: Platform },
  operate: (id: string) => VaultOperation,
): Signer | undefined {
  // Key Vault names algorithms as JOSE does.
  const hash = HASHES[algorithm.slice(2)];
  if (hash === undefined) return undefined;
  const call = operate(id);
  const length = signatureLength(publicKey.info);
  return Object.freeze({
    id,
    algorithm,
    scheme,
    publicKey,
    async sign(data: Uint8Array): Promise<Uint8Array> {
      const digest = await platform.digest(hash, data);
      const signature = await call("sign", { alg: algorithm, value: encodeBase64url(digest) });
      // Of ECDSA it is r‖s as it stands; that both are in their range is part of its verification.
      if (signature.length !== length)
        throw new SignerError("unsound", `Azure Key Vault answered for ${id} with no signature`);
      return signature;
    },
  });
}

function signatureLength(info: PublicKeyInfo): number {
  if (info.type === "EC") return 2 * CURVE_BYTES[info.curve];
  return info.type === "RSA" ? info.n.length : 0;
}

/** Key Vault binds no context to what it encrypts: the envelope is bound by itself. */
function vaultUnwrapper(id: string, operate: (id: string) => VaultOperation): Unwrapper {
  const call = operate(id);
  return Object.freeze({
    unwrap: (wrapped: Uint8Array) =>
      call("unwrapkey", { alg: UNWRAPPING, value: encodeBase64url(wrapped) }),
  });
}
