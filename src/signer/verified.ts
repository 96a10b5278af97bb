import { whenReady } from "../encoding/awaitable.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { SignerError, type Signer } from "./signer.ts";

/**
 * No signature leaves that does not verify under the key which the bundle shows: a key service that answers with
 * another version of a key, a flipped bit or another encoding would else have us hand out SVIDs that nobody
 * accepts, or whose fault reveals an RSA key.
 * @throws SignerError `unsound`
 */
export function verified(signer: Signer, crypto: Pick<CryptoPrimitives, "verify">): Signer {
  const { id, algorithm, scheme, publicKey } = signer;
  return Object.freeze({
    id,
    algorithm,
    scheme,
    publicKey,
    sign: (data: Uint8Array) =>
      whenReady(signer.sign(data), (signature) =>
        whenReady(crypto.verify(scheme, publicKey, signature, data), (sound) => {
          if (!sound) throw new SignerError("unsound", `the signature of ${id} does not verify`);
          return signature;
        }),
      ),
  });
}
