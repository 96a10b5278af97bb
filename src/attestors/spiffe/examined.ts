import type { Binding } from "../../attestation.ts";
import type { Bundle, KeyAuthority } from "../../encoding/bundle.ts";
import type { Result } from "../../result.ts";
import type { TokenSubject } from "../../svid/read-token.ts";

/** What the token's own bytes and the configuration can decide. */
export interface Examined {
  readonly subject: TokenSubject;
  readonly binding: Binding;
  readonly authorities: (bundle: Bundle) => readonly KeyAuthority[];
  /** What else has to verify once the token has. */
  readonly proof?: () => Promise<Result<void>>;
}
