import { describe, expect, it } from "vitest";
import { parseBundle, serializeBundle, type Bundle } from "../../../src/encoding/bundle.ts";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { answerMembers, MAX_FEDERATED } from "../../../src/federation/answer-members.ts";
import { peerDocuments } from "../../../src/federation/peer-documents.ts";
import type { HeldBundle, Peers } from "../../../src/federation/peer.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";
import { NOW } from "../issuer/names.ts";

const platform = webCryptoPlatform();
const OWN = "prod.example";

async function bundleOf(kid: string, hint?: number): Promise<Bundle> {
  const { jwk } = await tokenKey("ES256", kid);
  const text = JSON.stringify({
    keys: [{ ...jwk, use: "jwt-svid" }],
    spiffe_sequence: 7,
    ...(hint !== undefined && { spiffe_refresh_hint: hint }),
  });
  const bundle = parseBundle(text);
  if (!bundle.ok) throw new Error(bundle.error.detail);
  return bundle.value;
}

const [known, a, b] = [await bundleOf("own", 300), await bundleOf("a"), await bundleOf("b", 100)];
const own = { known, bundle: { body: serializeBundle(known), etag: '"own"', maxAgeSeconds: 75 } };

function hold(bundle: Bundle, parts: Partial<HeldBundle> = {}): HeldBundle {
  const document = serializeBundle(bundle);
  return { bundle, document, heldSince: NOW, source: "fetched", ...parts };
}

/** `find` would wait for ever: nothing here may ask it. */
function documentsOf(held: Map<string, HeldBundle | undefined>) {
  const peers: Peers = {
    has: (name) => held.has(name),
    peek: (name) => held.get(name),
    find: () => new Promise(() => {}),
    states: () =>
      [...held.keys()]
        .toSorted()
        .map((trustDomain) => ({ trustDomain, profile: "https_web", usable: true })),
  };
  return peerDocuments(peers, OWN, platform);
}

describe("the document of a peer", () => {
  it("is the very text that is held, with a strong ETag", async () => {
    const one = hold(b);
    const documents = documentsOf(new Map([["b.example", one]]));
    const found = await documents.find("/b.example", own, NOW);
    const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(utf8Encode(one.document)));
    expect(found).toEqual({
      body: one.document,
      etag: `"${encodeBase64url(new Uint8Array(digest))}"`,
      maxAgeSeconds: 25,
    });
  });

  it.each([
    ["of a pinned one, the usual hint", a, {}, NOW + 9999, 75],
    ["of its hint, a quarter", b, { maxAge: 86_400 }, NOW, 25],
    ["less, where it is about to end", b, { maxAge: 86_400 }, NOW + 86_390, 10],
    ["nothing at its end", b, { maxAge: 300 }, NOW + 300, 0],
    ["nothing beyond it", b, { maxAge: 300 }, NOW + 400, 0],
    ["as little as is heeded of a hint", { ...b, refreshHint: 0 }, {}, NOW, 2],
    ["as much as is heeded of a hint", { ...b, refreshHint: 1e12 }, {}, NOW, 900],
    ["a whole number", b, { maxAge: 300, heldSince: NOW - 0.5 }, NOW + 298, 1],
  ])("may be kept: %s", async (_name, bundle, parts, now, seconds) => {
    const documents = documentsOf(new Map([["b.example", hold(bundle, parts)]]));
    expect((await documents.find("/b.example", own, now))?.maxAgeSeconds).toBe(seconds);
  });

  it("is there for the very name of a peer, and for ours", async () => {
    const held = new Map([
      ["b.example", undefined],
      [OWN, hold(a)],
    ]);
    const documents = documentsOf(held);
    for (const tail of ["", "/b.example", `/${OWN}`]) expect(documents.has(tail)).toBe(true);
    for (const tail of [
      "/",
      "x",
      "b.example",
      "/B.example",
      "/b.example/",
      "//b.example",
      "/b.exampl",
      "/__proto__",
      "/constructor",
      "/b.example?",
      "/%62.example",
      "/c.example",
    ])
      expect(documents.has(tail)).toBe(false);
    expect(await documents.find("/b.example", own, NOW)).toBeUndefined();
    expect(await documents.find(`/${OWN}`, own, NOW)).toBe(own.bundle);
  });
});

describe("the Bundle Map", () => {
  const read = (text = "") => {
    const { trust_domains: members } = JSON.parse(text) as {
      trust_domains: Record<string, unknown>;
    };
    return members;
  };

  it("has our bundle and those that are held, in the order of names, without their hints", async () => {
    const held = new Map([
      ["z.example", hold(b)],
      ["a.example", hold(a)],
      ["m.example", undefined],
    ]);
    const found = await documentsOf(held).find("", own, NOW);
    const members = read(found?.body);
    expect(Object.keys(members)).toEqual(["a.example", OWN, "z.example"]);
    for (const [name, bundle] of [
      ["a.example", a],
      [OWN, known],
      ["z.example", b],
    ] as const) {
      const { spiffe_refresh_hint: _, ...rest } = JSON.parse(serializeBundle(bundle)) as Record<
        string,
        unknown
      >;
      expect(members[name]).toEqual(rest);
    }
    expect(found?.maxAgeSeconds).toBe(25);
  });

  it("is made anew when one changes, comes or goes, and no more often", async () => {
    const held = new Map<string, HeldBundle | undefined>([["a.example", hold(a)]]);
    const documents = documentsOf(held);
    const first = await documents.find("", own, NOW);
    held.set("a.example", hold(a, { heldSince: NOW + 5 }));
    expect((await documents.find("", own, NOW + 5))?.etag).toBe(first?.etag);
    held.set("a.example", hold(b));
    const second = await documents.find("", own, NOW + 6);
    expect(second?.etag).not.toBe(first?.etag);
    held.set("a.example", undefined);
    expect(Object.keys(read((await documents.find("", own, NOW + 7))?.body))).toEqual([OWN]);
  });

  it("never shows a peer's keys as ours, and is held back with ours", async () => {
    const documents = documentsOf(new Map([[OWN, hold(a)]]));
    expect(read((await documents.find("", own, NOW))?.body)[OWN]).toMatchObject({
      keys: [{ kid: "own" }],
    });
    const bare = { ...own, bundle: { ...own.bundle, withheld: true } as const };
    expect(await documents.find("", bare, NOW)).toMatchObject({ withheld: true });
  });
});

describe("what an answer says of peers", () => {
  it("is each document to the letter, and who is missing", () => {
    const held = new Map([
      ["a.example", hold(a)],
      ["c.example", hold(b)],
    ]);
    const peers = { peek: (name: string) => held.get(name) };
    const text = answerMembers(peers, ["a.example", "b.example", "c.example"], NOW);
    expect(text).toBe(
      `"federated_bundles":{"a.example":${serializeBundle(a)},"c.example":${serializeBundle(b)}},"missing_bundles":["b.example"]`,
    );
    expect(answerMembers(peers, ["a.example"], NOW)).not.toContain("missing");
  });

  it("has an end: what does not fit is named", () => {
    const document = `{"keys":[],"x":"${"x".repeat(MAX_FEDERATED / 2 - 100)}"}`;
    const peers = { peek: () => hold(a, { document }) };
    const names = ["a.example", "b.example", "c.example"];
    const text = answerMembers(peers, names, NOW);
    expect(text.length).toBeLessThan(MAX_FEDERATED + 1000);
    expect(JSON.parse(`{${text}}`)).toMatchObject({ missing_bundles: ["c.example"] });
  });
});
