import { describe, expect, it } from "vitest";
import type { Bundle } from "../../../../src/encoding/bundle.ts";
import { accepted, judge } from "../../../conformance/attestor.ts";
import { heldBundles, ISSUER, NOW } from "../support.ts";
import {
  held,
  ID,
  JKT,
  jwtSvid,
  make,
  own,
  OWN,
  peer,
  PEER,
  third,
  THIEF_JKT,
  verdict,
} from "./spiffe-support.ts";

const attestor = await make();
const BOUND = `${ISSUER}/jkt/${JKT}`;

describe("a JWT-SVID of a peer", () => {
  it("attests its SPIFFE ID, and bounds what is issued on it", async () => {
    const token = await jwtSvid({ aud: BOUND, nbf: NOW - 2 });
    const result = await judge(attestor, { type: "spiffe", token }, NOW, JKT);
    expect(accepted(result)).toMatchObject({
      type: "spiffe",
      name: "spiffe",
      claims: { spiffe_id: ID, trust_domain: PEER, path: "/orders/api" },
      binding: { kind: "key", jkt: JKT },
      notBefore: NOW - 2,
      notAfter: NOW + 300,
      svidNotAfter: NOW + 300,
      generation: 0,
    });
  });

  it("needs no iat and no typ, and has claims of its own", async () => {
    const token = await jwtSvid({ iat: undefined, tenant: "x", iss: "https://x" }, { typ: "JOSE" });
    expect(await verdict(attestor, token)).toBe("accepted");
    expect(await verdict(attestor, await jwtSvid({}, { typ: undefined }))).toBe("accepted");
  });

  it("is taken to the second of its leeway, and not before its time", async () => {
    const token = await jwtSvid();
    expect(await verdict(attestor, token, undefined, JKT, NOW + 359)).toBe("accepted");
    expect(await verdict(attestor, token, undefined, JKT, NOW + 360)).toBe("evidence_expired");
    expect(await verdict(attestor, token, undefined, JKT, NOW - 66)).toBe("evidence_not_yet_valid");
    expect(await verdict(attestor, await jwtSvid({ nbf: NOW + 61 }))).toBe(
      "evidence_not_yet_valid",
    );
  });

  it.each<[string, object, string]>([
    ["two audiences, ours first", { aud: [ISSUER, "https://b.example"] }, "audience_mismatch"],
    ["two audiences, ours last", { aud: ["https://b.example", BOUND] }, "audience_mismatch"],
    ["our audience twice", { aud: [ISSUER, ISSUER] }, "audience_mismatch"],
    ["another's", { aud: "https://b.example" }, "audience_mismatch"],
    ["ours with a slash", { aud: `${ISSUER}/` }, "audience_mismatch"],
    ["ours in capitals", { aud: ISSUER.toUpperCase() }, "audience_mismatch"],
    ["S of another issuer", { aud: `https://b.example/jkt/${JKT}` }, "audience_mismatch"],
    ["S with a short thumbprint", { aud: BOUND.slice(0, -1) }, "audience_mismatch"],
    ["no aud", { aud: undefined }, "claim_type"],
    ["an empty aud", { aud: [] }, "claim_type"],
    ["no sub", { sub: undefined }, "claim_missing"],
    ["a sub that is no SPIFFE ID", { sub: "orders" }, "claim_value"],
    ["the peer itself", { sub: `spiffe://${PEER}` }, "claim_value"],
    ["dot segments", { sub: `${ID}/../admin` }, "claim_value"],
    ["the peer in capitals", { sub: "spiffe://PARTNER.example/a" }, "claim_value"],
    ["no exp", { exp: undefined }, "claim_missing"],
    ["exp as text", { exp: `${NOW + 60}` }, "claim_type"],
    ["exp in milliseconds", { exp: (NOW + 300) * 1000 }, "evidence_lifetime"],
    ["a life of more than an hour", { exp: NOW + 3596 }, "evidence_lifetime"],
    ["an end before its beginning", { iat: NOW + 30, exp: NOW + 30 }, "evidence_lifetime"],
    ["no iat and an hour and more to go", { iat: undefined, exp: NOW + 3601 }, "evidence_lifetime"],
  ])("is refused with %s", async (_, change, reason) => {
    expect(await verdict(attestor, await jwtSvid(change))).toBe(reason);
  });

  it.each<[string, object, string]>([
    ["the typ of a WIT-SVID", { typ: "wit+jwt" }, "possession_missing"],
    ["the typ of a proof", { typ: "svidmint-pop+jwt" }, "jws_type"],
    ["the typ of a transaction token", { typ: "txntoken+jwt" }, "jws_type"],
    ["a jwk", { jwk: {} }, "jws_header_forbidden"],
    ["a jku", { jku: "https://partner.example/keys" }, "jws_header_forbidden"],
    ["crit", { crit: ["exp"] }, "jws_header_forbidden"],
    ["no kid", { kid: undefined }, "key_unknown"],
    ["another kid", { kid: "key-2" }, "key_unknown"],
    ["the kid of a WIT authority", { kid: "key-1-wit" }, "key_unknown"],
    ["alg none", { alg: "none" }, "algorithm_not_allowed"],
    ["alg HS256", { alg: "HS256" }, "algorithm_not_allowed"],
    ["alg of another curve", { alg: "ES384" }, "algorithm_not_allowed"],
  ])("is refused with %s in its header", async (_, header, reason) => {
    expect(await verdict(attestor, await jwtSvid({}, header))).toBe(reason);
  });

  it("is refused with a key that it does not name, or none", async () => {
    const token = await jwtSvid({ aud: BOUND });
    expect(await verdict(attestor, token, undefined, THIEF_JKT)).toBe("binding_mismatch");
    const bare = await judge(attestor, { type: "spiffe", token }, NOW);
    expect(bare).toMatchObject({ ok: false, error: { reason: "binding_mismatch" } });
  });
});

describe("whose keys vouch for it", () => {
  it("is its own trust domain's alone, whatever the kid", async () => {
    const believing = await make({ trust_domains: [OWN, PEER, "third.example"] });
    for (const [sub, key, reason] of [
      [ID, peer.jwt, "accepted"],
      [ID, own.jwt, "signature_invalid"],
      [ID, third.jwt, "signature_invalid"],
      [`spiffe://${OWN}/api`, own.jwt, "accepted"],
      [`spiffe://${OWN}/api`, peer.jwt, "signature_invalid"],
      ["spiffe://third.example/a", peer.jwt, "signature_invalid"],
      ["spiffe://partner.example.third.example/a", third.jwt, "tenant_not_configured"],
    ] as const)
      expect(await verdict(believing, await jwtSvid({ sub }, {}, key))).toBe(reason);
  });

  it("are keys of JWT-SVIDs, never of WIT-SVIDs", async () => {
    for (const kid of ["key-1", "key-1-wit"])
      expect(["signature_invalid", "key_unknown"]).toContain(
        await verdict(attestor, await jwtSvid({}, { kid }, peer.wit)),
      );
  });

  it("are those held now: a bundle that has run out is no bundle, and an empty one trusts nobody", async () => {
    const bundles: Record<string, Bundle | undefined> = { ...held };
    const watching = await make({}, heldBundles(bundles));
    const token = await jwtSvid();
    expect(await verdict(watching, token)).toBe("accepted");
    bundles[PEER] = undefined;
    expect(await verdict(watching, token)).toBe("keys_unavailable");
    bundles[PEER] = { ...peer.bundle, jwtAuthorities: [] };
    expect(await verdict(watching, token)).toBe("key_unknown");
    // A new key under an old id: what was kept of the old one must not serve.
    bundles[PEER] = { ...peer.bundle, jwtAuthorities: third.bundle.jwtAuthorities };
    expect(await verdict(watching, token)).toBe("signature_invalid");
    bundles[PEER] = peer.bundle;
    expect(await verdict(watching, token)).toBe("accepted");
  });

  it("are not asked for what cannot be right", async () => {
    let asked = 0;
    const counting = await make(
      {},
      {
        has: () => true,
        find: (name) => {
          asked++;
          return heldBundles(held).find(name, NOW);
        },
      },
    );
    for (const change of [
      { sub: "spiffe://third.example/a" },
      { aud: "https://b.example" },
      { exp: NOW - 61 },
    ])
      await verdict(counting, await jwtSvid(change)); // oxlint-disable-line no-await-in-loop -- one after another
    await verdict(counting, await jwtSvid({}, { kid: undefined }));
    await verdict(counting, await jwtSvid({ aud: BOUND }), undefined, THIEF_JKT);
    expect(asked).toBe(0);
  });
});

const files = import.meta.glob<string>(
  "../../../../../shared/vectors/third-party/spiffe/spiffe-id-cases.json",
  { query: "?raw", import: "default", eager: true },
);
const [cases] = Object.values(files);

it.skipIf(cases === undefined)(
  "takes of 547 public spellings the SPIFFE IDs of workloads alone",
  async () => {
    const { cases: all }: { cases: { input: string; valid: boolean }[] } = JSON.parse(cases ?? "");
    const domains = all.filter(({ valid }) => valid).map(({ input }) => input.split("/")[2] ?? "");
    const bundles = heldBundles(Object.fromEntries(domains.map((name) => [name, peer.bundle])));
    const believing = await make({ trust_domains: [...new Set(domains)] }, bundles);
    const wrong: string[] = [];
    for (const { input, valid } of all) {
      const outcome = await verdict(believing, await jwtSvid({ sub: input })); // oxlint-disable-line no-await-in-loop -- one after another
      const isWorkload = valid && input.split("/").length > 3;
      if ((outcome === "accepted") !== isWorkload) wrong.push(`${input}: ${outcome}`);
    }
    expect(all).toHaveLength(547);
    expect(wrong).toEqual([]);
  },
);

describe("its configuration", () => {
  it("may name another base, and another longest life", async () => {
    const other = await make({ audience: "svidmint", max_lifetime: "2m" });
    const exp = NOW + 60;
    expect(await verdict(other, await jwtSvid({ exp, aud: "svidmint" }))).toBe("accepted");
    expect(await verdict(other, await jwtSvid({ exp, aud: `svidmint/jkt/${JKT}` }))).toBe(
      "accepted",
    );
    expect(await verdict(other, await jwtSvid({ exp }))).toBe("audience_mismatch");
    expect(await verdict(other, await jwtSvid({ aud: "svidmint" }))).toBe("evidence_lifetime");
  });
});
