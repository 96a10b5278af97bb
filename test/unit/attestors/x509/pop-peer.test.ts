import { beforeAll, describe, expect, it } from "vitest";
import { x509Pop } from "../../../../src/attestors/x509/pop.ts";
import type { Bundle } from "../../../../src/encoding/bundle.ts";
import { toHex } from "../../../../src/encoding/bytes.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { accepted, JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { extension, platform, testCa, type TestCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { build, buildClean, heldBundles, NOW } from "../support.ts";
import { chainOf, issueLeaf, type Holder } from "./pop-support.ts";

const PEER = "partner.example";
const OWN = "prod.example";
const ID = `spiffe://${PEER}/db`;
let ca: TestCa;
let stranger: TestCa;
beforeAll(async () => {
  [ca, stranger] = [await testCa("Partner CA"), await testCa("Other CA")];
});

function bundleOf(...authorities: readonly TestCa[]): Bundle {
  return {
    x509Authorities: authorities.map(({ der, certificate }) => ({
      certificate: der,
      info: certificate.info,
    })),
    jwtAuthorities: [],
    witAuthorities: [],
  };
}

const svidExtensions = (uris: readonly string[], ...more: readonly Uint8Array[]) => [
  extension.keyUsage([0]),
  extension.purposes(OID.serverAuth, OID.clientAuth),
  extension.uris(uris),
  ...more,
];
const svid = (by: TestCa, ...uris: readonly string[]) =>
  issueLeaf(by, { subject: "", extensions: svidExtensions(uris) });

/** @param bundles of trust domains, as they are held when evidence comes */
async function attestorOf(bundles: Record<string, Bundle | undefined>) {
  return buildClean(
    x509Pop,
    { spire: { peer: PEER } },
    { bundles: { ...heldBundles(bundles), has: () => true } },
  );
}

async function judged(
  { key, certificate }: Holder,
  bundles: Record<string, Bundle | undefined> = { [PEER]: bundleOf(ca) },
) {
  const evidence = {
    type: "x509_pop",
    certificate_chain: chainOf(certificate),
    proof: await proofFor(key),
  };
  return judge(await attestorOf(bundles), evidence, NOW, JKT);
}

describe("x509_pop of a peer", () => {
  it("believes X.509-SVIDs of its bundle, by their SPIFFE ID", async () => {
    const attestation = accepted(await judged(await svid(ca, ID)));
    expect(attestation).toMatchObject({
      name: "x509_pop.spire",
      claims: { entry: "spire", spiffe_id: ID, trust_domain: PEER, uris: [ID] },
    });
    expect(attestation.svidNotAfter).toBe(attestation.notAfter);
  });

  it("says by which authorities it was led there, and by whose bundle", async () => {
    const issuing = await testCa("Partner Issuing CA", {}, ca);
    const { key, certificate } = await svid(issuing, ID);
    const evidence = {
      type: "x509_pop",
      certificate_chain: chainOf(certificate, issuing.der),
      proof: await proofFor(key),
    };
    const attestor = await attestorOf({ [PEER]: bundleOf(stranger, ca) });
    const sha256 = async (bytes: Uint8Array) => toHex(await platform.digest("SHA-256", bytes));
    expect(accepted(await judge(attestor, evidence, NOW, JKT))).toMatchObject({
      claims: {
        fingerprint: await sha256(certificate),
        issuer_key_fingerprint: await sha256(issuing.certificate.spki),
        ca_fingerprint: await sha256(ca.der),
      },
      bundle: { trust_domain: PEER },
    });
  });

  it("is never this trust domain, though its bundle be held", async () => {
    const bundles = heldBundles({ [OWN]: bundleOf(ca) });
    const { attestor, issues } = await build(x509Pop, { own: { peer: OWN } }, { bundles });
    expect(issues).toMatchObject([
      { path: ["own", "peer"], severity: "error", message: expect.stringMatching(/itself/) },
    ]);
    const { key, certificate } = await svid(ca, `spiffe://${OWN}/db`);
    const evidence = {
      type: "x509_pop",
      certificate_chain: chainOf(certificate),
      proof: await proofFor(key),
    };
    expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe("issuer_not_configured");
  });

  it.each([
    ["no SPIFFE ID", ["urn:x"], "claim_value"],
    ["two", [ID, `${ID}2`], "certificate_chain_invalid"],
    ["that of another trust domain", ["spiffe://other.example/db"], "claim_value"],
    ["ours", ["spiffe://prod.example/db"], "claim_value"],
    ["that of the trust domain itself", [`spiffe://${PEER}`], "claim_value"],
  ])("refuses a certificate with %s", async (_, uris, expected) => {
    expect(outcome(await judged(await svid(ca, ...uris)))).toBe(expected);
  });

  it("refuses what is no SVID, or another authority's", async () => {
    expect(outcome(await judged(await issueLeaf(ca)))).toBe("certificate_chain_invalid");
    expect(outcome(await judged(await svid(stranger, ID)))).toBe("certificate_chain_invalid");
  });

  it("never looks at the bundle of another trust domain", async () => {
    const bundles = { [PEER]: bundleOf(ca), "other.example": bundleOf(stranger) };
    expect(outcome(await judged(await svid(stranger, ID), bundles))).toBe(
      "certificate_chain_invalid",
    );
  });

  it("follows the bundle as it changes, and says where none is held", async () => {
    const bundles: Record<string, Bundle | undefined> = { [PEER]: bundleOf(stranger) };
    const attestor = await attestorOf(bundles);
    const { key, certificate } = await svid(ca, ID);
    const evidence = {
      type: "x509_pop",
      certificate_chain: chainOf(certificate),
      proof: await proofFor(key),
    };
    const now = async () => outcome(await judge(attestor, evidence, NOW, JKT));
    expect(await now()).toBe("certificate_chain_invalid");
    bundles[PEER] = bundleOf(stranger, ca);
    expect(await now()).toBe("accepted");
    bundles[PEER] = undefined;
    expect(await now()).toBe("keys_unavailable");
    bundles[PEER] = bundleOf();
    expect(await now()).toBe("certificate_chain_invalid");
  });
});
