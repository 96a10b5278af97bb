import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config-issue.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { federation } from "../../../src/federation/open-peers.ts";
import type { FetchBundle } from "../../../src/federation/peer.ts";
import { peersSchema } from "../../../src/federation/peers-schema.ts";
import type { SnapshotStore } from "../../../src/federation/snapshots.ts";
import { webFederation } from "../../../src/federation/web-federation.ts";
import { Kept } from "../../../src/kept.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";
import { memory } from "./support.ts";

const key = await tokenKey("ES256", "peer-1");
const BUNDLE = JSON.stringify({ keys: [{ ...key.jwk, use: "jwt-svid" }], spiffe_sequence: 7 });

/** Of a configuration that refers to no file and is complained about by nobody. */
const SURROUNDINGS: Parameters<typeof webFederation>[1] = {
  platform: webCryptoPlatform(),
  trustDomain: "prod.example",
  read: () => Promise.reject(new Error("nothing to read")),
  report: ({ message }) => {
    throw new Error(message);
  },
};

async function readAll(peers: object, files: Record<string, string> = {}) {
  const lines: string[] = [];
  const held = await webFederation(peersSchema.parse(peers), {
    platform: webCryptoPlatform(),
    trustDomain: "prod.example",
    async read(reference) {
      const text = files[reference];
      if (text !== undefined) return utf8Encode(text);
      throw new ConfigError([{ path: [], message: "does not exist", severity: "error" }]);
    },
    report: ({ path, message, severity }) =>
      lines.push(`${severity} ${path.join(".")}: ${message}`),
  });
  const bundles = new Map(
    held.states(0).map(({ trustDomain, held: { bundle } = {} }) => [trustDomain, bundle]),
  );
  return { bundles, lines };
}

describe("what was fetched", () => {
  it("is not kept over a reload with another bundle in the configuration", async () => {
    const bytes = utf8Encode(BUNDLE);
    const other = JSON.stringify({
      keys: [{ ...key.jwk, kid: "b", use: "jwt-svid" }],
      spiffe_sequence: 9,
    });
    const peer = { url: "https://a.example/", profile: "https_web", bundle: "file:x" };
    const open = (text: string, { keep }: Kept) =>
      federation({ https_web: () => async () => ({ ok: true, value: { status: 200, bytes } }) })(
        peersSchema.parse({ "a.example": peer }),
        { ...SURROUNDINGS, keep, read: async () => utf8Encode(text) },
      );
    const before = new Kept();
    await (await open(BUNDLE, before)).refreshAll(() => 1000);
    const next = await open(other, new Kept(before));
    expect(next.states(1000)[0]?.held).toMatchObject({
      source: "configured",
      bundle: { sequence: 9n },
    });
  });

  it.each([
    ["what tokens may be for", { audience: "https://a.example" }, 7n],
    ["another URL", { url: "https://b.example/" }, undefined],
    ["an endpoint that may be private", { allow_private_addresses: true }, undefined],
  ])("over a reload that changes %s", async (_, change, sequence) => {
    const bytes = utf8Encode(BUNDLE);
    const fetchBundle: FetchBundle = async () => ({ ok: true, value: { status: 200, bytes } });
    const peer = { url: "https://a.example/", profile: "https_web" };
    const before = new Kept();
    const open = (entry: object, { keep }: Kept) =>
      federation({ https_web: () => fetchBundle })(peersSchema.parse({ "a.example": entry }), {
        ...SURROUNDINGS,
        keep,
      });
    await (await open(peer, before)).refreshAll(() => 1000);
    const next = await open({ ...peer, ...change }, new Kept(before));
    expect(next.states(1000)[0]?.held?.bundle.sequence).toBe(sequence);
  });
});

describe("what comes of a fetch", () => {
  it("goes to the configuration in force and its store, though an earlier one has opened the peer", async () => {
    const bytes = utf8Encode(BUNDLE);
    const open = ({ keep }: Kept) =>
      federation({ https_web: () => async () => ({ ok: true, value: { status: 200, bytes } }) })(
        peersSchema.parse({ "a.example": { url: "https://a.example/", profile: "https_web" } }),
        { ...SURROUNDINGS, keep },
      );
    const store = memory();
    const get = () => Promise.reject(new Error("down"));
    const counted: string[] = [];
    const before = new Kept();
    const bind = (held: Awaited<ReturnType<typeof open>>, name: string, peerStore: SnapshotStore) =>
      held.bind({
        trustDomain: "prod.example",
        store: peerStore,
        tell: () => undefined,
        count: (peer, outcome) => void counted.push(`${name}: ${peer} ${outcome}`),
        storeFailed: () => void counted.push(`${name}: store`),
      });
    bind(await open(before), "first", { ...store, get });
    const next = await open(new Kept(before));
    bind(next, "next", store);
    await next.refreshAll(() => 1000);
    expect(counted).toEqual(["next: a.example refreshed"]);
    expect([...store.held.keys()]).toEqual(["peer:prod.example:a.example"]);
    bind(next, "next", { ...store, get });
    await next.refreshAll(() => 90_000);
    expect(counted.slice(1)).toContain("next: store");
  });
});

describe("what is fetched of peers that are alike but for their name", () => {
  it("is never that of the other, also over a reload", async () => {
    const kids = ["peer-1", "other"];
    const open = (names: readonly string[], { keep }: Kept) =>
      federation({
        https_web: () => async () => {
          const keys = [{ ...key.jwk, kid: kids.shift(), use: "jwt-svid" }];
          const bytes = utf8Encode(JSON.stringify({ keys }));
          return { ok: true, value: { status: 200, bytes } };
        },
      })(
        peersSchema.parse(
          Object.fromEntries(
            names.map((name) => [name, { url: "https://a.example/", profile: "https_web" }]),
          ),
        ),
        { ...SURROUNDINGS, keep },
      );
    const before = new Kept();
    const held = await open(["a.example", "b.example"], before);
    await held.refreshAll(() => 1000);
    const kidOf = (name: string) => held.peek(name, 1000)?.bundle.jwtAuthorities[0]?.kid;
    expect([kidOf("a.example"), kidOf("b.example")]).toEqual(["peer-1", "other"]);
    const next = await open(["c.example"], new Kept(before));
    expect(next.peek("c.example", 1000)).toBeUndefined();
  });
});

describe("what an endpoint is told of its peer", () => {
  it.each([
    [{}, false],
    [{ allow_private_addresses: false }, false],
    [{ allow_private_addresses: true }, true],
  ])(
    "is that its addresses may be private where the configuration says so: %j",
    async (more, expected) => {
      const told: boolean[] = [];
      const peer = { url: "https://a.example/", profile: "https_web", ...more };
      await federation({
        https_web: ({ allowPrivate }) => {
          told.push(allowPrivate);
          return async () => ({ ok: false, error: { code: "network" } });
        },
      })(peersSchema.parse({ "a.example": peer }), SURROUNDINGS);
      expect(told).toEqual([expected]);
    },
  );
});

describe("pinned bundles of peers", () => {
  it("are each that of the name above them", async () => {
    const other = JSON.stringify({ keys: [{ ...key.jwk, kid: "other", use: "wit-svid" }] });
    const { bundles, lines } = await readAll(
      { "a.example": { bundle: "file:a" }, "b.example": { bundle: "file:b" } },
      { "file:a": BUNDLE, "file:b": other },
    );
    expect(lines).toEqual([]);
    expect(bundles.get("a.example")).toMatchObject({
      jwtAuthorities: [{ kid: "peer-1" }],
      witAuthorities: [],
      sequence: 7n,
    });
    expect(bundles.get("b.example")).toMatchObject({
      jwtAuthorities: [],
      witAuthorities: [{ kid: "other" }],
    });
    expect([...bundles.keys()]).toEqual(["a.example", "b.example"]);
  });

  it.each([
    ["our own name", "prod.example", BUNDLE, /^error prod\.example: is this trust domain itself/],
    ["a URI", "spiffe://a.example", BUNDLE, /^error spiffe:\/\/a\.example: is not a trust domain/],
    ["capitals", "A.example", BUNDLE, /^error A\.example: is not a trust domain/],
    ["a file that is not there", "a.example", undefined, /^error a\.example\.bundle: does not/],
    ["no JSON", "a.example", "keys", /^error a\.example\.bundle: is no SPIFFE bundle/],
    ["a key set's key twice", "a.example", '{"keys":[],"keys":[]}', /: is no SPIFFE bundle/],
    ["no keys member", "a.example", "{}", /^error a\.example\.bundle: is no SPIFFE bundle: keys/],
    ["a key alone", "a.example", JSON.stringify(key.jwk), /: is no SPIFFE bundle: keys/],
    ["no key", "a.example", '{"keys":[]}', /^warning a\.example\.bundle: has no keys/],
    ["keys of OpenID Connect", "a.example", JSON.stringify({ keys: [key.jwk] }), /: has no keys/],
  ])("tell of %s", async (_, name, text, line) => {
    const { lines } = await readAll(
      { [name]: { bundle: "file:x" } },
      text === undefined ? {} : { "file:x": text },
    );
    expect(lines).toEqual([expect.stringMatching(line)]);
  });

  it("are not below the sequence that the configuration asks for", async () => {
    const tell = async (min_sequence: number) => {
      const peer = {
        url: "https://a.example/",
        profile: "https_web",
        bundle: "file:x",
        min_sequence,
      };
      return (await readAll({ "a.example": peer }, { "file:x": BUNDLE })).lines;
    };
    expect(await tell(7)).toEqual([]);
    expect(await tell(8)).toEqual([expect.stringMatching(/^error a\.example\.bundle: sequence 7/)]);
  });

  it.each([
    ["a URL where a document is due", { bundle: "https://a.example/bundle" }],
    ["a secret", { bundle: "env:BUNDLE" }],
    ["nothing", {}],
    ["what is not known", { bundle: "file:x", uri: "https://a.example/bundle" }],
  ])("are not %s", (_, peer) => {
    expect(peersSchema.safeParse({ "a.example": peer }).success).toBe(false);
  });
});
