import * as z from "zod/mini";

/**
 * A trust domain that is not ours and that evidence or answers may need the keys of. The name above it says whose
 * bundle it is: a bundle does not say so itself.
 */
const peerSchema = z.strictObject({
  /** A SPIFFE bundle document, as it was when somebody looked at it: `file:` or `data:`. */
  bundle: z.string().check(z.regex(/^(?:file|data):./, "expected file: or data:")),
});

export const peersSchema = z.record(z.string(), peerSchema);
export type PeersConfig = z.output<typeof peersSchema>;
