import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { openAzureKeyVault } from "../../../src/signer/azure-key-vault.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import type { SignatureAlgorithm } from "../../../src/signer/signer.ts";
import { FakeKeyVault } from "../../fakes/azure-key-vault.ts";
import { IDENTITY_VARIABLES } from "../../fakes/azure-tokens.ts";
import { newKey } from "../../fakes/private-key.ts";

export const crypto = webCryptoPlatform();

/** A vault with one key, which is opened as a configuration would. */
export async function bench(
  kind: KeyKind = "P-256",
  wanted?: SignatureAlgorithm,
  origin?: string,
  resource?: string,
) {
  const vault = new FakeKeyVault(crypto, origin, resource);
  const key = await newKey(crypto, kind);
  const chosen = signingAlgorithm("x509", key.publicKey.info, wanted);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const kid = await vault.add("one", key);
  const complaints: string[] = [];
  const reached: string[] = [];
  const deps: BackendDeps = {
    platform: webCryptoPlatform({
      fetch: (url, init) => {
        reached.push(url);
        return vault.fetch(url, init);
      },
    }),
    read: () => Promise.reject(new Error("reads nothing")),
    readPrivate: () => Promise.reject(new Error("reads nothing")),
    env: (name) => IDENTITY_VARIABLES[name],
    complain: (field, message) => void complaints.push(`${field}: ${message}`),
  };
  const open = (
    settings: Parameters<typeof openAzureKeyVault>[0],
    variables: Readonly<Record<string, string>> = {},
  ) => {
    const all = { ...IDENTITY_VARIABLES, ...variables };
    return openAzureKeyVault(settings, { ...deps, env: (name) => all[name] });
  };
  const handle = await open({ key: kid });
  const signer = handle?.signer?.("root", chosen.value, key.publicKey);
  if (signer === undefined) throw new Error("no signer");
  const unwrapper = handle?.unwrapper?.("root");
  if (unwrapper === undefined) throw new Error("no unwrapper");
  return { vault, kid, signer, unwrapper, open, complaints, reached, key, chosen: chosen.value };
}

/** What a failed operation says. */
export async function faultOf(operation: () => unknown): Promise<unknown> {
  try {
    await operation();
  } catch (error) {
    return error;
  }
  throw new Error("not refused");
}
