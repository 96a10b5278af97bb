import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import { SignerError, type SignatureAlgorithm } from "../../../src/signer/signer.ts";
import { openVaultTransit } from "../../../src/signer/vault-transit.ts";
import { FakeVault, VAULT_VARIABLES } from "../../fakes/vault.ts";
import { newKey } from "../../fakes/private-key.ts";

export const crypto = webCryptoPlatform();

/** Node makes its Request and Response at their first use, which on a busy machine takes longer than Vault may. */
const warm = Promise.all([
  new Request("https://vault.example", { method: "POST", body: "{}" }).json(),
  Response.json({}).json(),
]);

type Settings = Parameters<typeof openVaultTransit>[0];

/** A Vault with one key, of two versions, and the key as it is opened. */
export async function vaultBench(kind: KeyKind = "P-256", wanted?: SignatureAlgorithm) {
  await warm;
  const vault = new FakeVault(crypto);
  const [key, newer] = await Promise.all([newKey(crypto, kind), newKey(crypto, kind)]);
  const chosen = signingAlgorithm("x509", key.publicKey.info, wanted);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const url = vault.add("one", key, newer);
  const complaints: string[] = [];
  const clock = { now: 1_800_000_000 };
  const deps: BackendDeps = {
    platform: webCryptoPlatform({ fetch: vault.fetch, now: () => clock.now }),
    read: () => Promise.reject(new Error("reads nothing")),
    readPrivate: () => Promise.reject(new Error("reads nothing")),
    env: (name) => VAULT_VARIABLES[name],
    complain: (field, message) => void complaints.push(`${field}: ${message}`),
  };
  const handle = (settings: Partial<Settings> = {}, changes: Partial<BackendDeps> = {}) =>
    openVaultTransit({ key: url, ...settings }, { ...deps, ...changes });
  const open = async (settings: Partial<Settings> = {}, changes: Partial<BackendDeps> = {}) => {
    const signer = (await handle(settings, changes))?.signer?.("root", chosen.value, key.publicKey);
    if (signer === undefined) throw new Error(`no signer: ${complaints.join()}`);
    return signer;
  };
  return { vault, url, open, handle, complaints, clock, deps };
}

export async function refusalOf(call: () => unknown): Promise<SignerError> {
  const error: unknown = await (async () => call())().catch((e: unknown) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}
