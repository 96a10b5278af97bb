import { publicDocuments } from "./documents.ts";
import { createIssuer, type Issuer, type IssuerDeps } from "./issuer.ts";
import type { Snapshot } from "./snapshot.ts";

/** An issuer of parts that are all read and checked. */
export function assembleIssuer(
  parts: Omit<Snapshot, "endpoint" | "documents">,
  deps: IssuerDeps,
): Issuer {
  const { platform, issuer, keys } = parts;
  const snapshot: Snapshot = {
    ...parts,
    endpoint: `${issuer}/v1/svids`,
    documents: publicDocuments(platform, issuer, keys),
  };
  return createIssuer(() => snapshot, deps);
}
