import type { Binding } from "../../../../src/attestation.ts";
import { spiffe } from "../../../../src/attestors/spiffe/spiffe.ts";
import { attestorConformance } from "../../../conformance/attestor.ts";
import { buildClean, heldBundles, ISSUER, NOW } from "../support.ts";
import {
  held,
  JKT,
  jwtSvid,
  make,
  OWN,
  PEER,
  platform,
  thief,
  third,
  witSvid,
  wptFor,
} from "./spiffe-support.ts";

const [factor] = spiffe.factors({ trust_domains: [PEER] });
if (factor === undefined) throw new Error("no factor");

async function common() {
  return {
    attestor: await make(),
    elsewhere: await buildClean(
      spiffe,
      { trust_domains: [PEER] },
      { bundles: heldBundles(held), platform, trustDomain: "test.example" },
    ),
    now: NOW,
    member: "token",
    calls: () => 0,
  };
}

attestorConformance("spiffe with JWT-SVIDs", async () => {
  const evidence = (token: string) => ({ type: "spiffe", token });
  const madeFor = (base: string) => async (binding: Binding) =>
    evidence(await jwtSvid({ aud: binding.kind === "key" ? `${base}/jkt/${binding.jkt}` : base }));
  return {
    ...(await common()),
    factor,
    good: madeFor(ISSUER),
    misdirected: madeFor("https://other.example"),
    foreign: async () =>
      evidence(await jwtSvid({ sub: "spiffe://third.example/a" }, {}, third.jwt)),
    forged: async () => evidence(await jwtSvid({}, { kid: "key-1" }, thief)),
  };
});

attestorConformance("spiffe with WIT-SVIDs", async () => {
  const evidence = async (token: string, proof: object = {}) => ({
    type: "spiffe",
    token,
    wpt: await wptFor(token, proof),
  });
  return {
    ...(await common()),
    factor: { ...factor, bindings: ["key"] },
    jkt: JKT,
    good: async () => evidence(await witSvid()),
    misdirected: async () => evidence(await witSvid(), { aud: "https://other.example/v1/svids" }),
    foreign: async () => evidence(await witSvid({ sub: `spiffe://${OWN}/api` }, {}, third.wit)),
    forged: async () => evidence(await witSvid({}, { kid: "key-1-wit" }, thief)),
  };
});
