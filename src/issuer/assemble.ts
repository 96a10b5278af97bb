import { publicDocuments } from "./documents.ts";
import { createIssuer, type Issuer, type IssuerDeps } from "./issuer.ts";
import type { Snapshot } from "./snapshot.ts";

type Parts = Omit<Snapshot, "endpoint" | "documents">;

/** What requests go by, of parts that are all read and checked. */
export function assembleSnapshot(parts: Parts): Snapshot {
  const { platform, issuer, keys } = parts;
  return Object.freeze({
    ...parts,
    endpoint: `${issuer}/v1/svids`,
    documents: publicDocuments(platform, issuer, keys),
  });
}

/** An issuer of parts that never change. */
export function assembleIssuer(parts: Parts, deps: IssuerDeps): Issuer {
  const snapshot = assembleSnapshot(parts);
  return createIssuer(() => snapshot, deps);
}
