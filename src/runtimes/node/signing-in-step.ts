import { inStep } from "../../encoding/awaitable.ts";
import type { Platform } from "../../platform/platform.ts";

/**
 * The platform with a pause before each signature and each verification, and one after it. They take most of a request's
 * time and push everything else out of the processor's nearest memory: requests that go on together (`batch.ts`) thus
 * come to each together, and everything in between is done for all of them before the next.
 */
export function signingInStep(platform: Platform): Platform {
  return Object.freeze({
    ...platform,
    async sign(scheme, key, data) {
      await inStep;
      return platform.sign(scheme, key, data);
    },
    async verify(scheme, key, signature, data) {
      await inStep;
      return platform.verify(scheme, key, signature, data);
    },
  } satisfies Platform);
}
