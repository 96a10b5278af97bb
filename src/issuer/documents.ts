import { serializeBundle, type Bundle } from "../encoding/bundle.ts";
import { jwkOf } from "../encoding/public-key.ts";
import type { Platform } from "../platform/platform.ts";
import { cacheSeconds, sealDocument, type PublicDocument } from "../platform/public-document.ts";
import type { Awaitable } from "../result.ts";
import type { KeySet, PublishedKeys } from "../signer/key-set.ts";
import { ownBundle } from "./bundles.ts";

export interface PublicDocuments {
  /** SPIFFE Trust Domain and Bundle §4; the keys of WIT-SVIDs left out. */
  readonly bundle: PublicDocument;
  /** The same with every key. */
  readonly witBundle: PublicDocument;
  /** What `bundle` is written of. */
  readonly known: Bundle;
  /** OpenID Connect Discovery 1.0 §4. */
  readonly discovery: PublicDocument;
  /** RFC 7517: keys of JWT-SVIDs only, as relying parties that speak OpenID Connect read them. */
  readonly jwks: PublicDocument;
}

/** The documents of a key set, made again only when what is published changes. */
export function publicDocuments(
  platform: Platform,
  issuer: string,
  keys: KeySet,
): (now: number) => Awaitable<PublicDocuments> {
  let latest:
    | { readonly published: PublishedKeys; readonly documents: PublicDocuments }
    | undefined;
  const make = async (published: PublishedKeys): Promise<PublicDocuments> => {
    // Kept when finished: on Workers the promise of another request may never settle.
    const documents = await write(platform, issuer, published);
    latest = { published, documents };
    return documents;
  };
  return (now) => {
    const published = keys.published(now);
    return latest?.published === published ? latest.documents : make(published);
  };
}

async function write(
  platform: Platform,
  issuer: string,
  published: PublishedKeys,
): Promise<PublicDocuments> {
  const maxAgeSeconds = cacheSeconds(published.refreshHint);
  const document = async (body: string): Promise<PublicDocument> => ({
    ...(await sealDocument(platform, body)),
    maxAgeSeconds,
  });
  const bundle = async (of: Bundle): Promise<PublicDocument> => ({
    ...(await document(serializeBundle(of))),
    ...(hasNoKeys(of) && { withheld: true }),
  });
  const whole = ownBundle(published);
  const { sequence } = published;
  // Consumers there are that refuse a bundle with a key of a use they do not know (SPIRE before 1.15.3).
  const known: Bundle = { ...whole, witAuthorities: [], sequence: BigInt(sequence) };
  const jwks = {
    keys: published.jwt.map(({ kid, info, alg }) => ({ ...jwkOf(info), kid, use: "sig", alg })),
  };
  return {
    bundle: await bundle(known),
    witBundle: await bundle(whole),
    known,
    jwks: await document(JSON.stringify(jwks)),
    discovery: await document(JSON.stringify(discovery(issuer, published))),
  };
}

function hasNoKeys({ x509Authorities, jwtAuthorities, witAuthorities }: Bundle): boolean {
  return x509Authorities.length + jwtAuthorities.length + witAuthorities.length === 0;
}

function discovery(issuer: string, { jwt }: PublishedKeys): unknown {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    // There is no login here; relying parties insist on the members, not on their use.
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    // RS256 must be in the list (Discovery §3), whatever the keys are.
    id_token_signing_alg_values_supported: [...new Set([...jwt.map(({ alg }) => alg), "RS256"])],
    claims_supported: ["sub", "aud", "iss", "iat", "exp", "jti"],
  };
}
