import { whenReady } from "../encoding/awaitable.ts";
import type { KeyAuthority } from "../encoding/bundle.ts";
import { checkKeyQuality } from "../encoding/key-quality.ts";
import type { CryptoPrimitives, PublicKey } from "../encoding/primitives.ts";
import { fail, type Result } from "../result.ts";
import type { OpenAuthority } from "./read-token.ts";

/** Weighs and imports a key when a token first names it, and keeps what came of it for as long as its bundle. */
export function keptAuthorities(crypto: CryptoPrimitives): OpenAuthority {
  const kept = new WeakMap<KeyAuthority, Result<PublicKey>>();
  return (authority) => {
    const known = kept.get(authority);
    if (known !== undefined) return known;
    const key = checkKeyQuality(authority.info).ok
      ? crypto.importPublicKey(authority.info)
      : fail("key_unknown", "the published key is unsafe");
    // The outcome is kept, not a promise of it: on Workers a promise of one request must not be awaited by another.
    return whenReady<Result<PublicKey>, Result<PublicKey>>(key, (result) => {
      kept.set(authority, result);
      return result;
    });
  };
}
