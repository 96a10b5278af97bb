import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUDIENCE, makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { counterparts } from "./support/counterparts.ts";
import { askGoSpiffe, type GoSpiffeRequest } from "./support/go-spiffe.ts";
import {
  type BundleDocument,
  bundleRoots,
  fetchBundle,
  forgeLeaf,
  forgeToken,
  issueJwt,
  issueX509,
  pkcs8Pem,
} from "./support/svids.ts";

const needs = counterparts("verify-svid");

const ask = (...requests: readonly Omit<GoSpiffeRequest, "trust_domain">[]) =>
  askGoSpiffe(
    needs.path("verify-svid"),
    requests.map((request) => ({ trust_domain: TRUST_DOMAIN, ...request })),
  );

describe.skipIf(needs.absent)(`go-spiffe as a relying party${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let issuer: Svidmint;
  let stranger: Svidmint; // the same trust domain's name, other keys
  let bundle: BundleDocument;
  let strangersBundle: BundleDocument;

  beforeAll(async () => {
    issuer = stack.use(await startSvidmint({ evidence }));
    stranger = stack.use(await startSvidmint({ evidence }));
    bundle = await fetchBundle(issuer.url);
    strangersBundle = await fetchBundle(stranger.url);
  });
  afterAll(() => stack.disposeAsync());

  it("fetches the bundle from its endpoint, as a federated server does", async () => {
    const [fetched, parsed] = await ask(
      { op: "fetch_bundle", url: `${issuer.url}/bundle` },
      { op: "parse_bundle", bundle },
    );
    expect(fetched).toMatchObject({ ok: true, x509_authorities: 1, refresh_hint: 300 });
    expect(fetched?.jwt_authorities).toHaveLength(1);
    expect(fetched?.sequence).toBeGreaterThan(0);
    expect({ ...parsed, id: "" }).toEqual({ ...fetched, id: "" });
  });

  it.each(["P-256", "P-384", "RSA-2048"] as const)(
    "verifies an X.509-SVID for a %s key, leaf rules and path",
    async (kind) => {
      const svid = await issueX509(issuer.url, evidence, kind);
      const [verdict] = await ask({
        op: "x509",
        bundle,
        chain: svid.chain,
        key: pkcs8Pem(svid.key),
      });
      expect(verdict).toMatchObject({
        ok: true,
        spiffe_id: `spiffe://${TRUST_DOMAIN}/ci/build`,
        expires_at: svid.answer.x509?.expires_at,
      });
    },
  );

  it("takes the bundle that came with the answer", async () => {
    const svid = await issueX509(issuer.url, evidence);
    const [verdict] = await ask({ op: "x509", bundle: svid.answer.bundle, chain: svid.chain });
    expect(verdict?.ok).toBe(true);
  });

  it("verifies a JWT-SVID", async () => {
    const token = await issueJwt(issuer.url, evidence);
    const [verdict] = await ask({ op: "jwt", bundle, token, audience: [AUDIENCE] });
    expect(verdict).toMatchObject({
      ok: true,
      spiffe_id: `spiffe://${TRUST_DOMAIN}/ci/build`,
      audience: [AUDIENCE],
    });
  });

  it("refuses what it should, so its yes means something", async () => {
    const svid = await issueX509(issuer.url, evidence);
    const other = await issueX509(issuer.url, evidence);
    const token = await issueJwt(issuer.url, evidence);
    const after = (svid.answer.x509?.expires_at ?? 0) + 1;
    const withoutX509 = { ...bundle, keys: bundle.keys.filter(({ use }) => use !== "x509-svid") };
    const withoutJwt = { ...bundle, keys: bundle.keys.filter(({ use }) => use !== "jwt-svid") };
    const hostile: Record<string, Omit<GoSpiffeRequest, "trust_domain">> = {
      "another issuer's roots": { op: "x509", bundle: strangersBundle, chain: svid.chain },
      "no X.509 authority": { op: "x509", bundle: withoutX509, chain: svid.chain },
      "a forged leaf": { op: "x509", bundle, chain: forgeLeaf(svid.certificates) },
      "another leaf's key": { op: "x509", bundle, chain: svid.chain, key: pkcs8Pem(other.key) },
      "a time after its end": { op: "x509", bundle, chain: svid.chain, at: after },
      "the authority as a leaf": { op: "x509", bundle, chain: bundleRoots(bundle) },
      "another issuer's JWT key": {
        op: "jwt",
        bundle: strangersBundle,
        token,
        audience: [AUDIENCE],
      },
      "no JWT authority": { op: "jwt", bundle: withoutJwt, token, audience: [AUDIENCE] },
      "a forged token": { op: "jwt", bundle, token: forgeToken(token), audience: [AUDIENCE] },
      "another audience": { op: "jwt", bundle, token, audience: ["https://elsewhere.example"] },
    };
    const verdicts = await ask(...Object.values(hostile));
    const accepted = Object.keys(hostile).filter((_, n) => verdicts[n]?.ok !== false);
    expect(accepted).toEqual([]);
  });

  it("refuses both under another trust domain", async () => {
    const svid = await issueX509(issuer.url, evidence);
    const token = await issueJwt(issuer.url, evidence);
    const verdicts = await askGoSpiffe(needs.path("verify-svid"), [
      { op: "x509", trust_domain: "other.example", bundle, chain: svid.chain },
      { op: "jwt", trust_domain: "other.example", bundle, token, audience: [AUDIENCE] },
    ]);
    expect(verdicts.map(({ ok }) => ok)).toEqual([false, false]);
  });
});
