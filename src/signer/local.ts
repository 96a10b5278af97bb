import type { Platform, PrivateKey } from "../platform/platform.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import type { BackendDeps, KeyHandle } from "./backend.ts";
import { readPrivateKey } from "./private-key.ts";
import type { Signer } from "./signer.ts";

interface LocalSettings {
  readonly private_key?: string | undefined;
}

/** `backend: local`: reads the private key. */
export async function openLocal(
  { private_key: reference }: LocalSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  if (reference === undefined) return undefined;
  const key = await readPrivateKey(reference, deps);
  if (key === undefined) return undefined;
  return {
    publicKey: key.publicKey,
    signer: (id, chosen) => localSigner(id, key, chosen, deps.platform),
  };
}

/**
 * A key in this process's memory. Whoever reads that memory has it: `docs/keys.md` says what follows.
 * @param chosen as `signingAlgorithm` found it to fit the key
 */
export function localSigner(
  id: string,
  key: PrivateKey,
  chosen: ChosenAlgorithm,
  platform: Pick<Platform, "sign">,
): Signer {
  return Object.freeze({
    id,
    ...chosen,
    publicKey: key.publicKey,
    sign: (data: Uint8Array) => platform.sign(chosen.scheme, key, data),
  });
}
