import { openDelegated } from "./delegated.ts";
import type { Modes } from "./mode.ts";
import { openUpstream } from "./upstream.ts";
import { openWrapped } from "./wrapped.ts";

/** Every mode. A bundle that has to be small names those it uses instead. */
export const allModes: Modes = {
  delegated: openDelegated,
  upstream: openUpstream,
  wrapped: openWrapped,
};
