import { describe, expect, it } from "vitest";
import { parseBundle, type Bundle } from "../../../src/encoding/bundle.ts";
import { NO_PEERS } from "../../../src/federation/no-peers.ts";
import { HeldBundles } from "../../../src/issuer/bundles.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { fakeKeySet } from "../../fakes/key-set.ts";
import { peersOf } from "../../fakes/peers.ts";
import { dataUrl, readDataUrl, tokenKey } from "../../fakes/token-issuer.ts";
import { GOOD, GOOD_RULE, load, platform } from "./config-world.ts";
import { NOW, TRUST_DOMAIN } from "./names.ts";

const PEER: Bundle = { x509Authorities: [], jwtAuthorities: [], witAuthorities: [] };
const keys = await fakeKeySet(platform, TRUST_DOMAIN);

describe("held bundles", () => {
  it("know their names before there are keys, and our own keys once they are read", () => {
    const bundles = new HeldBundles(TRUST_DOMAIN, peersOf(new Map([["peer.example", PEER]])));
    for (const name of [TRUST_DOMAIN, "peer.example"]) expect(bundles.has(name)).toBe(true);
    for (const name of ["other.example", "constructor", ""]) expect(bundles.has(name)).toBe(false);
    expect(bundles.find(TRUST_DOMAIN, NOW)).toBeUndefined();
    bundles.bindOwn(keys);
    expect(bundles.find(TRUST_DOMAIN, NOW)).toMatchObject({
      bundle: {
        x509Authorities: [{ certificate: keys.root }],
        jwtAuthorities: [{ kid: keys.jwt(NOW)?.kid }],
      },
    });
    expect(bundles.find("peer.example", NOW)).toMatchObject({ bundle: PEER, heldSince: NOW });
    expect(bundles.find("other.example", NOW)).toBeUndefined();
  });

  it("are the same object until a key comes or goes", () => {
    const bundles = new HeldBundles(TRUST_DOMAIN, NO_PEERS);
    let published = keys.published(NOW);
    bundles.bindOwn({ published: () => published });
    const before = bundles.find(TRUST_DOMAIN, NOW);
    expect(bundles.find(TRUST_DOMAIN, NOW + 1)).toBe(before);
    published = { ...published, jwt: [] };
    expect(bundles.find(TRUST_DOMAIN, NOW + 2)).toMatchObject({ bundle: { jwtAuthorities: [] } });
  });

  it("never show a peer's bundle as ours", () => {
    const bundles = new HeldBundles(TRUST_DOMAIN, peersOf(new Map([[TRUST_DOMAIN, PEER]])));
    expect(bundles.find(TRUST_DOMAIN, NOW)).toBeUndefined();
  });
});

describe("peers of a configuration", () => {
  it("are read with it", async () => {
    const key = await tokenKey("ES256", "peer-1");
    const bundle = dataUrl(JSON.stringify({ keys: [{ ...key.jwk, use: "jwt-svid" }] }));
    const { config, issues } = await loadConfig(
      { ...GOOD, peers: { "peer.example": { bundle } } },
      { platform, registry: portableAttestors, read: readDataUrl },
    );
    expect(issues).toEqual([]);
    const held = await config?.bundles.find("peer.example", NOW);
    expect(held?.bundle.jwtAuthorities.map(({ kid }) => kid)).toEqual(["peer-1"]);
    expect(parseBundle(await readDataUrl(bundle))).toEqual({ ok: true, value: held?.bundle });
  });

  it.each([
    [{ "prod.example.org": { bundle: "file:x" } }, /^peers\.prod\.example\.org: is this trust/],
    [{ "peer.example": { bundle: "file:x" } }, /^peers\.peer\.example\.bundle: there is no such/],
    [{ "peer.example": { bundle: "https://x" } }, /^peers\.peer\.example\.bundle: expected file:/],
    [{ "peer.example": { url: "https://x" } }, /^peers\.peer\.example\.profile: expected/],
    [{ "peer.example": null }, /^peers\.peer\.example: expected a map/],
    [JSON.parse('{"__proto__":{"bundle":"file:x"}}'), /^peers\.__proto__: a key of this name/],
    [[], /^peers: expected a map/],
  ])("are refused: %j", async (peers, error) => {
    const { usable, errors } = await load({ peers });
    expect(usable).toBe(false);
    expect(errors).toContainEqual(expect.stringMatching(error));
  });

  it.each([
    "https://id.example.org",
    "https://ID.example.org/",
    "https://id.example.org/v1/svids",
    "https://x.example/jkt/y",
    "https://*.example",
    "a b",
  ])("have an audience of their own: not %s", async (audience) => {
    const { errors } = await load({
      peers: { "peer.example": { url: "https://x.example", profile: "https_web", audience } },
      rules: [
        { ...GOOD_RULE, jwt: { exchange_to: ["peer.example"] }, federates_with: ["peer.example"] },
      ],
    });
    expect(errors).toEqual([expect.stringMatching(/^peers\.peer\.example\.audience: /)]);
  });
});
