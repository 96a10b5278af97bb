import {
  parseBundle,
  serializeBundle,
  type Bundle,
  type X509Authority,
} from "../encoding/bundle.ts";
import type { Err, Result } from "../result.ts";
import { parseCertificate } from "../svid/certificate.ts";
import type { PeerError } from "./peer.ts";

/** A document that a peer served, or that was kept, looked at. */
export interface Believed {
  readonly bundle: Bundle;
  /** In our own spelling. */
  readonly document: string;
}

/** What was seen of the peer before. */
export interface Seen {
  /** The highest sequence. */
  readonly floor?: bigint | undefined;
  readonly held?: Believed | undefined;
}

/**
 * What is to be believed of a bundle document.
 * @param trustDomain the peer's, from configuration: the document has no word in it
 * @returns `malformed`; `foreign` where a CA says that it is of another trust domain; `rolled_back`
 */
export function believe(
  bytes: Uint8Array,
  trustDomain: string,
  { floor, held }: Seen = {},
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
  const { sequence } = bundle;
  if (floor !== undefined) {
    if (sequence === undefined) return refuse("rolled_back", `no sequence, ${floor} was seen`);
    if (sequence < floor) return refuse("rolled_back", `sequence ${sequence}, ${floor} was seen`);
  }
  // The sequence changes whenever the keys do (Trust Domain and Bundle §4.1.1). Of two sets of keys with the same one
  // nobody can say which is the newer, and the older may hold a key that was withdrawn: so the one that is held stays.
  if (
    sequence !== undefined &&
    held?.bundle.sequence === sequence &&
    !sameKeys(bundle, held.bundle)
  )
    return refuse("rolled_back", `sequence ${sequence} again, with other keys`);
  return { ok: true, value: { bundle, document: serializeBundle(bundle) } };
}

/** The hint is no key: an operator may change it alone. */
function sameKeys(one: Bundle, other: Bundle): boolean {
  return keysOf(one) === keysOf(other);
}

/** In any order: a set of keys has none, and who keeps them in a map writes them in another each time. */
function keysOf({ x509Authorities, jwtAuthorities, witAuthorities }: Bundle): string {
  const none = { x509Authorities: [], jwtAuthorities: [], witAuthorities: [] };
  return [
    ...x509Authorities.map((one) => serializeBundle({ ...none, x509Authorities: [one] })),
    ...jwtAuthorities.map((one) => serializeBundle({ ...none, jwtAuthorities: [one] })),
    ...witAuthorities.map((one) => serializeBundle({ ...none, witAuthorities: [one] })),
  ]
    .toSorted()
    .join();
}

function namesAnother({ certificate }: X509Authority, trustDomain: string): boolean {
  const parsed = parseCertificate(certificate);
  if (!parsed.ok) return false; // it anchors nothing
  for (const name of parsed.value.extensions.subjectAltName?.names ?? []) {
    // Not only of well-formed IDs: what follows the name is of no interest here.
    const named = name.type === "uri" ? /^spiffe:\/\/([^/?#]*)/i.exec(name.value)?.[1] : undefined;
    if (named !== undefined && named !== trustDomain) return true;
  }
  return false;
}

function refuse(code: PeerError["code"], detail: string): Err<PeerError> {
  return { ok: false, error: { code, detail } };
}
