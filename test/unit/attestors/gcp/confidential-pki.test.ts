import { describe, expect, it } from "vitest";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { gcpConfidentialSpace } from "../../../../src/attestors/gcp/confidential-space.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { simulateConfidentialSpace, spaceClaims } from "../../../fakes/confidential-space.ts";
import { base64 } from "../../../fakes/keys.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { extension } from "../../svid/forge.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";

/** Tokens that bring their certificates, held against the one root that is configured. */

const cloud = await simulateConfidentialSpace(NOW);
const stranger = await simulateConfidentialSpace(NOW);
const signer = await cloud.signer();
const network = new FakeNetwork();
const attestor = await buildClean(
  gcpConfidentialSpace,
  { projects: ["payments-prod"], root: dataUrl(cloud.root) },
  { network },
);
const claims = spaceClaims(NOW, boundAudience(ISSUER, JKT));

async function verdict(x5c: unknown, by = signer.key, header: object = {}, now = NOW) {
  const token = await by.sign(claims, { kid: undefined, x5c, ...header });
  return outcome(await judge(attestor, { type: "gcp_confidential_space", token }, now, JKT));
}

describe("PKI tokens of Confidential Space", () => {
  it("are believed by their chain, without any key fetched", async () => {
    expect(await verdict(signer.x5c)).toBe("accepted");
    expect(await verdict(signer.x5c, signer.key, { kid: "whatever" })).toBe("accepted");
    expect(await verdict(signer.x5c.slice(0, 2))).toBe("accepted");
    expect(network.calls).toEqual([]);
  });

  it("are never believed by the root that they bring", async () => {
    const other = await stranger.signer();
    expect(await verdict(other.x5c, other.key)).toBe("certificate_chain_invalid");
    const last = signer.x5c[2]!;
    expect(await verdict([...other.x5c.slice(0, 2), last], other.key)).toBe(
      "certificate_chain_invalid",
    );
    expect(await verdict([...signer.x5c.slice(0, 2), other.x5c[2]])).toBe("accepted");
    const self = base64(stranger.authorities[0]!.der);
    expect(await verdict([self], other.key)).toBe("certificate_chain_invalid");
  });

  it("are signed by the key of the first certificate alone", async () => {
    const other = await cloud.signer();
    expect(await verdict(signer.x5c, other.key)).toBe("signature_invalid");
    expect(await verdict(signer.x5c.toReversed())).toBe("certificate_chain_invalid");
    const [leaf, ...rest] = signer.x5c;
    expect(await verdict([other.x5c[0], leaf, ...rest].slice(0, 4))).toBe("signature_invalid");
  });

  it.each<[string, unknown, string]>([
    ["nothing", [], "certificate_chain_invalid"],
    ["null", null, "certificate_malformed"],
    ["text", signer.x5c[0], "certificate_malformed"],
    ["numbers", [1, 2, 3], "certificate_malformed"],
    ["rubbish", ["AA=="], "certificate_malformed"],
    [
      "base64url",
      [signer.x5c[0]!.replaceAll("=", "").replaceAll("+", "-")],
      "certificate_malformed",
    ],
    ["rubbish behind it", [...signer.x5c, "AA=="], "certificate_malformed"],
    ["five", Array.from({ length: 5 }, () => signer.x5c[0]), "certificate_malformed"],
    ["the leaf alone", signer.x5c.slice(0, 1), "certificate_chain_invalid"],
    ["no intermediate", [signer.x5c[0], signer.x5c[2]], "certificate_chain_invalid"],
  ])("refuses x5c of %s", async (_, x5c, reason) => {
    expect(await verdict(x5c)).toBe(reason);
  });

  it.each<[string, object]>([
    ["expired", { notAfter: NOW - 1 }],
    ["not yet valid", { notBefore: NOW + 30 }],
    ["a CA's", { extensions: [extension.ca(), extension.keyUsage([0, 5])] }],
    ["for keys", { extensions: [extension.notCa(), extension.keyUsage([2])] }],
  ])("refuses a leaf that is %s", async (_, leaf) => {
    const bad = await cloud.signer(leaf);
    expect(await verdict(bad.x5c, bad.key)).toBe("certificate_chain_invalid");
  });

  it("takes no other algorithm, and no key beside the certificates", async () => {
    for (const alg of ["PS256", "ES256", "EdDSA"] as const) {
      const other = await tokenKey(alg, "x"); // oxlint-disable-line no-await-in-loop -- three
      expect(await verdict(signer.x5c, other)).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
    }
    const own = await tokenKey("RS256", "x");
    expect(await verdict(signer.x5c, own, { jwk: own.jwk })).toBe("signature_invalid");
    expect(await verdict(undefined, own)).toBe("key_unknown");
  });
});
