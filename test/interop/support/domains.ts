import { type EvidenceIssuer, makeEvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../../scripts/interop/svidmint.ts";
import { type BundleDocument, bundleRoots, fetchBundle, issueX509, pkcs8Pem } from "./svids.ts";
import { type Leaf, mintLeaf } from "./minted.ts";

/** A trust domain with keys of its own, as a relying party knows it: by its bundle. */
export interface Domain extends AsyncDisposable {
  readonly name: string;
  readonly issuer: Svidmint;
  readonly evidence: EvidenceIssuer;
  readonly bundle: BundleDocument;
  /** Its X.509 authorities, PEM. */
  readonly roots: string;
  /** An X.509-SVID that it issued to the workload `/ci/build`. */
  svid(): Promise<Leaf>;
  /** One that it would never issue. */
  mint(id: string, span?: Parameters<typeof mintLeaf>[2]): Promise<Leaf>;
}

export async function startDomain(name: string): Promise<Domain> {
  const evidence = makeEvidenceIssuer();
  const edit = (made: Record<string, unknown>) => ({ ...made, trust_domain: name });
  const issuer = await startSvidmint({ evidence, edit });
  const bundle = await fetchBundle(issuer.url);
  return {
    name,
    issuer,
    evidence,
    bundle,
    roots: bundleRoots(bundle),
    async svid() {
      const { chain, key } = await issueX509(issuer.url, evidence);
      return { chain, key: pkcs8Pem(key) };
    },
    mint: (id, span) => mintLeaf(issuer, id, span),
    [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose](),
  };
}
