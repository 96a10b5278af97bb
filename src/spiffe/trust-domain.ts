import { fail, ok, type Result } from "../result.ts";

declare const brand: unique symbol;
/** A name that `parseTrustDomain` took: 1 to 255 of `a-z 0-9 . - _`, nothing else is said of it. */
export type TrustDomain = string & { readonly [brand]: "TrustDomain" };

const MAX_BYTES = 255;

/** The bare name, without scheme. Never normalised: an upper-case letter refuses. @returns `claim_value` */
export function parseTrustDomain(text: string): Result<TrustDomain> {
  return isTrustDomain(text) ? ok(text) : fail("claim_value", "not a trust domain");
}

export function isTrustDomain(text: string): text is TrustDomain {
  if (text.length === 0 || text.length > MAX_BYTES) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const legal =
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2e ||
      code === 0x2d ||
      code === 0x5f;
    if (!legal) return false;
  }
  return true;
}

const MAX_HOST_BYTES = 253;
const MAX_LABEL_BYTES = 63;

/**
 * Whether a trust domain of our own may have this name. Go's X.509 parser refuses certificates whose URI names
 * a host with an empty or overlong label, though SPIFFE permits it: such SVIDs would not verify at most peers.
 */
export function isConfigurableTrustDomain(name: TrustDomain): boolean {
  if (name.length > MAX_HOST_BYTES) return false;
  return name.split(".").every((label) => label.length > 0 && label.length <= MAX_LABEL_BYTES);
}
