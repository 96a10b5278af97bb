import type { Platform } from "../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";

/** A platform that counts what costs: key imports and signature verifications. */
export function countingPlatform(): {
  platform: Platform;
  calls: { imports: number; verifications: number };
} {
  const inner = webCryptoPlatform();
  const calls = { imports: 0, verifications: 0 };
  const platform = webCryptoPlatform({
    importPublicKey: (info) => {
      calls.imports++;
      return inner.importPublicKey(info);
    },
    verify: (...args) => {
      calls.verifications++;
      return inner.verify(...args);
    },
  });
  return { platform, calls };
}
