import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEnvoy } from "../../scripts/interop/envoy.ts";
import { type MtlsServer, startNginx } from "../../scripts/interop/nginx.ts";
import { showTo } from "./support/client-certificate.ts";
import { counterparts } from "./support/counterparts.ts";
import { type Domain, startDomain } from "./support/domains.ts";
import { splitPem } from "./support/svids.ts";

const needs = counterparts("nginx", "envoy");

describe.skipIf(needs.absent)(`proxies that ask for X.509-SVIDs${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  let one: Domain;
  let two: Domain;

  beforeAll(async () => {
    one = stack.use(await startDomain("one.example"));
    two = stack.use(await startDomain("two.example"));
  });
  afterAll(() => stack.disposeAsync());

  const idOf = ({ name }: Domain): string => `spiffe://${name}/ci/build`;
  /** Signed by an authority, in the name of a trust domain. */
  const cases = async () => ({
    ofOne: await one.svid(),
    ofTwo: await two.svid(),
    /** The control: what OpenSSL signs is taken, so it is the dates or the name that the others are refused for. */
    minted: await one.mint(idOf(one)),
    expired: await one.mint(idOf(one), { from: -2, to: -1 }),
    early: await one.mint(idOf(one), { from: 1, to: 2 }),
    crossSigned: await two.mint(idOf(one)),
  });

  describe("nginx, with the CA of one bundle", () => {
    let nginx: MtlsServer;
    beforeAll(async () => {
      const { chain, key } = await one.svid();
      const material = { cert: chain, key, ca: splitPem(one.roots) };
      nginx = stack.use(await startNginx(needs.path("nginx"), material));
    });

    it("accepts its SVIDs, and neither another domain's, nor expired ones, nor none", async () => {
      const { ofOne, minted, ofTwo, expired, early, crossSigned } = await cases();
      expect(await showTo(nginx.port, ofOne)).toMatchObject({ status: 200, body: "SUCCESS" });
      expect(await showTo(nginx.port, minted)).toMatchObject({ status: 200, body: "SUCCESS" });
      const hostile = { ofTwo, expired, early, crossSigned, none: undefined };
      for (const [name, leaf] of Object.entries(hostile))
        expect([name, (await showTo(nginx.port, leaf)).status]).toEqual([name, 400]); // oxlint-disable-line no-await-in-loop
      expect((await showTo(nginx.port, ofOne)).status).toBe(200); // and is up still
    });
  });

  describe.each(["trust_domains", "trust_bundles"])("Envoy, with two bundles as %s", (form) => {
    let envoy: MtlsServer;
    beforeAll(async () => {
      const { chain, key } = await one.svid();
      const domains = [one, two].map(({ name, roots }) => ({
        name,
        trust_bundle: { inline_string: roots },
      }));
      // Envoy 1.40 refuses a map that has other keys than those of X.509-SVIDs.
      const x509 = ({ name, bundle }: Domain) =>
        [name, { ...bundle, keys: bundle.keys.filter(({ use }) => use === "x509-svid") }] as const;
      const map = Object.fromEntries([x509(one), x509(two)]);
      const validator =
        form === "trust_domains"
          ? { trust_domains: domains }
          : { trust_bundles: { inline_string: JSON.stringify({ trust_domains: map }) } };
      envoy = stack.use(await startEnvoy(needs.path("envoy"), { cert: chain, key, validator }));
    });

    it("accepts each domain's SVIDs under its own bundle alone", async () => {
      const { ofOne, ofTwo, minted, expired, early, crossSigned } = await cases();
      expect(await showTo(envoy.port, ofOne)).toMatchObject({ status: 200, peer: idOf(one) });
      expect(await showTo(envoy.port, ofTwo)).toMatchObject({ status: 200, peer: idOf(two) });
      expect(await showTo(envoy.port, minted)).toMatchObject({ status: 200, peer: idOf(one) });
      const stranger = await two.mint("spiffe://three.example/ci/build");
      const hostile = { crossSigned, stranger, expired, early, none: undefined };
      for (const [name, leaf] of Object.entries(hostile))
        expect([name, (await showTo(envoy.port, leaf)).status]).toEqual([name, undefined]); // oxlint-disable-line no-await-in-loop
      expect((await showTo(envoy.port, ofTwo)).status).toBe(200); // and is up still
    });
  });
});
