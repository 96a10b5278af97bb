import {
  parseBundle,
  serializeBundle,
  type Bundle,
  type X509Authority,
} from "../encoding/bundle.ts";
import type { Err, Result } from "../result.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { parseCertificate } from "../svid/certificate.ts";
import type { PeerError } from "./peer.ts";

/** A document that a peer served, or that was kept, looked at. */
export interface Believed {
  readonly bundle: Bundle;
  /** In our own spelling. */
  readonly document: string;
}

/**
 * What is to be believed of a bundle document.
 * @param trustDomain the peer's, from configuration: the document has no word in it
 * @param floor the highest sequence that was ever seen of it
 * @returns `malformed`; `foreign` where a CA says that it is of another trust domain; `rolled_back`
 */
export function believe(
  bytes: Uint8Array,
  trustDomain: string,
  floor: bigint | undefined,
): Result<Believed, PeerError> {
  const parsed = parseBundle(bytes);
  if (!parsed.ok) return refuse("malformed", parsed.error.detail ?? parsed.error.reason);
  const bundle = parsed.value;
  // One foreign key makes the whole of it doubtful: whoever serves it mixes up trust domains, or wants us to.
  if (bundle.x509Authorities.some((authority) => namesAnother(authority, trustDomain)))
    return refuse(
      "foreign",
      "a CA certificate in it carries the SPIFFE ID of another trust domain",
    );
  if (floor !== undefined) {
    const { sequence } = bundle;
    if (sequence === undefined) return refuse("rolled_back", `no sequence, ${floor} was seen`);
    if (sequence < floor) return refuse("rolled_back", `sequence ${sequence}, ${floor} was seen`);
  }
  return { ok: true, value: { bundle, document: serializeBundle(bundle) } };
}

function namesAnother({ certificate }: X509Authority, trustDomain: string): boolean {
  const parsed = parseCertificate(certificate);
  if (!parsed.ok) return false; // it anchors nothing
  for (const name of parsed.value.extensions.subjectAltName?.names ?? []) {
    const id = name.type === "uri" ? parseSpiffeId(name.value) : undefined;
    if (id?.ok === true && id.value.trustDomain !== trustDomain) return true;
  }
  return false;
}

function refuse(code: PeerError["code"], detail: string): Err<PeerError> {
  return { ok: false, error: { code, detail } };
}
