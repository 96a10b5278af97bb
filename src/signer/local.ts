import type { SignatureScheme } from "../encoding/primitives.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import type { SignatureAlgorithm, Signer } from "./signer.ts";

/**
 * A key in this process's memory. Whoever reads that memory has it: `docs/keys.md` says what follows.
 * @param algorithm with its scheme, as `signingAlgorithm` found them to fit the key
 */
export function localSigner(
  id: string,
  key: PrivateKey,
  algorithm: { readonly algorithm: SignatureAlgorithm; readonly scheme: SignatureScheme },
  platform: Pick<Platform, "sign">,
): Signer {
  return Object.freeze({
    id,
    ...algorithm,
    publicKey: key.publicKey,
    sign: (data: Uint8Array) => platform.sign(algorithm.scheme, key, data),
  });
}
