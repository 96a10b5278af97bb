import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUDIENCE } from "../../scripts/interop/configuration.ts";
import { counterparts } from "./support/counterparts.ts";
import { type Domain, startDomain } from "./support/domains.ts";
import type { Leaf } from "./support/minted.ts";
import { mintToken } from "./support/minted-token.ts";
import { askRelyingParty, type Question } from "./support/relying-parties.ts";
import { forgeLeaf, forgeToken, issueJwt, splitPem } from "./support/svids.ts";

const LIBRARIES = ["python-spiffe", "rust-spiffe", "java-spiffe"] as const;

/** Hours from now. */
const EXPIRED = { from: -2, to: -1 };

describe.each(LIBRARIES)("%s as a relying party", { timeout: 120_000 }, (library) => {
  const needs = counterparts(library);
  const stack = new AsyncDisposableStack();
  let ours: Domain;
  let other: Domain;

  beforeAll(async () => {
    if (needs.absent) return;
    ours = stack.use(await startDomain("ours.example"));
    other = stack.use(await startDomain("other.example"));
  });
  afterAll(() => stack.disposeAsync());

  const ask = (questions: Record<string, Question>) =>
    askRelyingParty(library, needs.path(library), Object.values(questions));
  const of = ({ name, bundle }: Domain) => ({ trust_domain: name, bundle });
  /** The bundle without the keys of one use, as it is once they were removed. */
  const without = (domain: Domain, removed: string) => ({
    ...of(domain),
    bundle: { ...domain.bundle, keys: domain.bundle.keys.filter(({ use }) => use !== removed) },
  });
  const x509 = (leaf: Leaf, by = of(ours)): Question => ({ op: "x509", ...by, ...leaf });
  const jwt = (token: string, by = of(ours), audience = AUDIENCE): Question => ({
    op: "jwt",
    ...by,
    token,
    audience,
  });
  const workload = "/ci/build";

  it.skipIf(needs.absent)(`reads our bundle, and verifies our SVIDs${needs.note}`, async () => {
    const id = `spiffe://${ours.name}${workload}`;
    const verdicts = await ask({
      bundle: { op: "bundle", ...of(ours) },
      x509: x509(await ours.svid()),
      jwt: jwt(await issueJwt(ours.issuer.url, ours.evidence)),
      // The controls: what the tests sign themselves is taken, so it is what is wrong with it that it is refused for.
      minted: x509(await ours.mint(id)),
      mintedToken: jwt(mintToken(ours.issuer, id)),
    });
    expect(verdicts).toEqual([
      { ok: true, x509_authorities: 1, jwt_authorities: 1 },
      ...[1, 2, 3, 4].map(() => ({ ok: true, spiffe_id: id })),
    ]);
  });

  it.skipIf(needs.absent)(`refuses what is wrong in one thing${needs.note}`, async () => {
    const id = `spiffe://${ours.name}${workload}`;
    const svid = await ours.svid();
    const token = await issueJwt(ours.issuer.url, ours.evidence);
    const flipped = forgeLeaf(splitPem(svid.chain).map((pem) => new X509Certificate(pem)));
    const hostile = {
      "X.509: a flipped signature": x509({ ...svid, chain: flipped }),
      "X.509: our name by another domain's key": x509(await other.mint(id)),
      "X.509: another domain's SVID": x509(await other.svid()),
      "X.509: our SVID under another domain's bundle": x509(svid, of(other)),
      "X.509: expired": x509(await ours.mint(id, EXPIRED)),
      "X.509: the authority as a leaf": x509({ ...svid, chain: ours.roots }),
      "X.509: its key was removed": x509(svid, without(ours, "x509-svid")),
      "JWT: a flipped signature": jwt(forgeToken(token)),
      "JWT: our name by another domain's key": jwt(mintToken(other.issuer, id)),
      "JWT: another domain's token": jwt(await issueJwt(other.issuer.url, other.evidence)),
      "JWT: our token under another domain's bundle": jwt(token, of(other)),
      "JWT: another audience": jwt(token, of(ours), "https://elsewhere.example"),
      "JWT: expired": jwt(mintToken(ours.issuer, id, EXPIRED)),
      "JWT: its key was removed": jwt(token, without(ours, "jwt-svid")),
    };
    const verdicts = await ask(hostile);
    const accepted = Object.keys(hostile).filter((_, n) => verdicts[n]?.ok !== false);
    expect(accepted).toEqual([]);
  });
});
