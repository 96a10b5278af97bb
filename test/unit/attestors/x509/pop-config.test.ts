import { describe, expect, it } from "vitest";
import { x509Pop } from "../../../../src/attestors/x509/pop.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { dataUrl, readDataUrl } from "../../../fakes/token-issuer.ts";
import { caOf, extension, testCa, type TestCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { build, buildClean, complaints, heldBundles, ISSUER, NOW } from "../support.ts";
import { chainOf, issueLeaf, LEAF_EXTENSIONS } from "./pop-support.ts";

const OURS = "spiffe://prod.example";
const caWith = (name: string, uri: string, by?: TestCa) =>
  testCa(
    name,
    { extensions: [extension.ca(), extension.keyUsage([5, 6]), extension.uris([uri], false)] },
    by,
  );

describe("x509_pop in a configuration", () => {
  it("has entries, each with CAs or a peer and not both", () => {
    const ca = "file:ca.pem";
    expect(complaints(x509Pop, { fleet: { ca } })).toEqual([]);
    expect(complaints(x509Pop, { fleet: { ca: [ca, ca], audience: "x" } })).toEqual([]);
    expect(complaints(x509Pop, { spire: { peer: "partner.example" } })).toEqual([]);
    expect(complaints(x509Pop, { fleet: {} })).toEqual(["fleet"]);
    expect(complaints(x509Pop, { fleet: { ca, peer: "partner.example" } })).toEqual(["fleet"]);
    expect(complaints(x509Pop, { fleet: { ca: [] } })).toEqual(["fleet.ca"]);
    expect(complaints(x509Pop, { fleet: { ca: "https://pki.example/ca.pem" } })).toEqual([
      "fleet.ca",
    ]);
    expect(complaints(x509Pop, { fleet: { peer: "Partner.example" } })).toEqual(["fleet.peer"]);
    expect(complaints(x509Pop, { "My Fleet": { ca } })).toEqual(["My Fleet"]);
    expect(complaints(x509Pop, { fleet: { ca, audience: "a/jkt/b" } })).toEqual(["fleet.audience"]);
  });

  it("offers rules one factor an entry, pinned by itself", () => {
    const settings = { fleet: { ca: "file:ca.pem" }, spire: { peer: "partner.example" } };
    const factors = x509Pop.factors(x509Pop.config().parse(settings));
    expect(factors.map(({ name }) => name)).toEqual(["x509_pop.fleet", "x509_pop.spire"]);
    expect(factors.map(({ claims }) => "spiffe_id" in claims)).toEqual([false, true]);
    for (const factor of factors)
      expect(factor).toMatchObject({ pins: [{ claim: "entry" }], bindings: ["key"] });
  });

  it.each([
    ["no pem", /PEM/],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /cannot be used/],
  ])("refers to certificates of CAs: not %j", async (text, message) => {
    const { issues } = await build(x509Pop, { fleet: { ca: dataUrl(text) } });
    expect(issues).toMatchObject([{ path: ["fleet", "ca"], severity: "error" }]);
    expect(issues[0]?.message).toMatch(message);
  });

  it("refers to CAs and not to what they signed", async () => {
    const { certificate } = await issueLeaf(await testCa("Root"));
    const { issues } = await build(x509Pop, { fleet: { ca: dataUrl(chainOf(certificate)) } });
    expect(issues).toMatchObject([{ path: ["fleet", "ca"], severity: "error" }]);
  });
});

describe("x509_pop and this very trust domain", () => {
  it("is an error where the CA says that it is ours", async () => {
    const { der } = await caWith("CA", OURS);
    const { issues } = await build(x509Pop, { fleet: { ca: dataUrl(chainOf(der)) } });
    expect(issues).toMatchObject([{ path: ["fleet", "ca"], severity: "error" }]);
  });

  it("is an error where the CA's key is one of keys:, whatever its certificate", async () => {
    const own = await testCa("Upstream");
    const renewed = await caOf("Upstream 2", own.key);
    const issuesWith = async (ownAuthorities: readonly string[]) => {
      const messages: string[] = [];
      await x509Pop.create(
        x509Pop.config().parse({ fleet: { ca: dataUrl(chainOf(renewed.der)) } }),
        {
          platform: webCryptoPlatform(),
          bundles: heldBundles({}),
          trustDomain: "prod.example",
          issuer: ISSUER,
          ownAuthorities,
          read: readDataUrl,
          report: ({ message }) => messages.push(message),
        },
      );
      return messages;
    };
    expect(await issuesWith([dataUrl(chainOf(own.der))])).toEqual([
      expect.stringContaining("own CA"),
    ]);
    const other = await testCa("Other");
    expect(await issuesWith([dataUrl(chainOf(other.der))])).toEqual([]);
    // What is wrong with a file of keys: is told there.
    expect(await issuesWith([dataUrl("nothing")])).toEqual([]);
  });

  it("is an error as a peer, as is one that is not configured", async () => {
    for (const peer of ["prod.example", "unknown.example"]) {
      const { attestor, issues } = await build(x509Pop, { fleet: { peer } }); // oxlint-disable-line no-await-in-loop
      expect(issues).toMatchObject([{ path: ["fleet", "peer"], severity: "error" }]);
      expect(attestor.type).toBe("x509_pop");
    }
  });

  it("gives nothing to its own SVIDs, though a CA above ours is an entry's", async () => {
    const corporate = await testCa("Corporate Root");
    const ours = await caWith("svidmint", OURS, corporate);
    const others = await caWith("spire", "spiffe://other.example", corporate);
    const attestor = await buildClean(x509Pop, { fleet: { ca: dataUrl(chainOf(corporate.der)) } });
    const judged = async (ca: TestCa, uri: string) => {
      const [usage, purposes] = LEAF_EXTENSIONS;
      const extensions = [usage, purposes, extension.uris([uri])];
      const { key, certificate } = await issueLeaf(ca, { subject: "", extensions });
      const evidence = {
        type: "x509_pop",
        certificate_chain: chainOf(certificate, ca.der),
        proof: await proofFor(key),
      };
      return outcome(await judge(attestor, evidence, NOW, JKT));
    };
    expect(await judged(ours, `${OURS}/api`)).toBe("issuer_not_configured");
    expect(await judged(ours, "urn:x")).toBe("issuer_not_configured");
    expect(await judged(others, `${OURS}/api`)).toBe("issuer_not_configured");
    expect(await judged(others, "spiffe://other.example/api")).toBe("accepted");
    expect(await judged(others, "spiffe://prod.example.org/api")).toBe("accepted");
  });
});

describe("a CA file of x509_pop", () => {
  it("may hold several certificates, and be one of several files", async () => {
    const [one, two, three] = [await testCa("1"), await testCa("2"), await testCa("3")];
    const files = [dataUrl(chainOf(one.der, two.der)), dataUrl(chainOf(three.der))];
    const attestor = await buildClean(x509Pop, { fleet: { ca: files } });
    for (const ca of [one, two, three]) {
      const { key, certificate } = await issueLeaf(ca); // oxlint-disable-line no-await-in-loop
      const evidence = {
        type: "x509_pop",
        certificate_chain: chainOf(certificate),
        proof: await proofFor(key), // oxlint-disable-line no-await-in-loop
      };
      expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe("accepted"); // oxlint-disable-line no-await-in-loop
    }
  });
});
