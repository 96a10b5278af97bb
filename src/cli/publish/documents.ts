import { cacheControl, DOCUMENT_TYPE } from "../../handlers/documents.ts";
import { publicDocuments } from "../../issuer/documents.ts";
import type { PublicDocument } from "../../platform/public-document.ts";
import type { LoadedKeys } from "../keys/load.ts";
import type { PublicKeySet } from "../keys/material.ts";
import { CommandError } from "../errors.ts";
import { platform } from "../key-file.ts";
import type { Publication } from "./place.ts";

/**
 * What the issuer of a configuration serves at a moment, from the configuration alone. The bundle is the first; the
 * one with the keys of WIT-SVIDs, where it is wanted, the last that has a sequence.
 * @throws CommandError (1) where there is no key to publish
 */
export async function publications(
  { config }: LoadedKeys,
  { set }: PublicKeySet,
  options: { readonly now: number; readonly wit: boolean },
): Promise<readonly Publication[]> {
  const { trustDomain, issuer } = config;
  const published = set.published(options.now);
  if (published.x509.length + published.jwt.length === 0)
    throw new CommandError(
      `${trustDomain} has no key to publish at this moment: an empty bundle would withdraw all trust`,
    );
  const documents = await publicDocuments(platform, issuer, set)(options.now);
  const as = (path: string, document: PublicDocument, sequence?: number): Publication => ({
    path,
    body: document.body,
    contentType: DOCUMENT_TYPE,
    cacheControl: cacheControl(document),
    trustDomain,
    ...(sequence !== undefined && {
      sequence: BigInt(sequence),
      roots: published.x509.map(({ certificate }) => certificate),
    }),
  });
  return [
    as("bundle", documents.bundle, published.sequence),
    ...(options.wit ? [as("bundle/wit", documents.witBundle, published.witSequence)] : []),
    as(".well-known/openid-configuration", documents.discovery),
    as(".well-known/jwks.json", documents.jwks),
  ];
}
