import { describe, expect, it } from "vitest";
import type { ConfigIssue } from "../../../src/config-issue.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { federation, type EndpointConfig } from "../../../src/federation/open-peers.ts";
import type { FetchBundle } from "../../../src/federation/peer.ts";
import { peersSchema } from "../../../src/federation/peers-schema.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";

const first = await tokenKey("ES256", "1");
const second = await tokenKey("ES256", "2");
const document = (sequence: number, ...keys: readonly { readonly jwk: object }[]): string =>
  JSON.stringify({
    keys: keys.map(({ jwk }) => ({ ...jwk, use: "jwt-svid" })),
    spiffe_sequence: sequence,
    spiffe_refresh_hint: 60,
  });

const platform = webCryptoPlatform();
const T0 = 1_800_000_000;

interface Entry {
  readonly url?: string;
  readonly profile?: string;
  readonly endpoint_spiffe_id?: string;
  readonly bundle?: string;
}
const entry = (owner: string, more: Entry = {}): Entry => ({
  url: "https://id.partner.example/bundle",
  profile: "https_spiffe",
  endpoint_spiffe_id: `spiffe://${owner}/endpoint`,
  ...more,
});

async function open(
  peers: Readonly<Record<string, Entry>>,
  answers: readonly string[] = [],
  bound = true,
) {
  const lines: string[] = [];
  /** Key ids that the endpoint was verified with, fetch by fetch. */
  const verifiedWith: (readonly string[] | undefined)[] = [];
  const queue = [...answers];
  const clock = { now: T0 };
  const fetchFor =
    (endpoint: EndpointConfig): FetchBundle =>
    async () => {
      const owner = endpoint.endpointId?.split("/")[2] ?? "";
      const bundle = await endpoint.endpointBundle?.(owner, clock.now);
      verifiedWith.push(bundle?.jwtAuthorities.map(({ kid }) => kid));
      const answer = queue.shift();
      if (answer === undefined) return { ok: false, error: { code: "network" } };
      return { ok: true, value: { status: 200, bytes: utf8Encode(answer) } };
    };
  const held = await federation({ https_web: fetchFor, https_spiffe: fetchFor })(
    peersSchema.parse(peers),
    {
      platform: { ...platform, now: () => clock.now },
      trustDomain: "prod.example",
      read: (reference) => Promise.resolve(utf8Encode(reference.slice("data:".length))),
      report: ({ path, message, severity }: ConfigIssue) =>
        lines.push(`${severity} ${path.join(".")}: ${message}`),
    },
  );
  if (bound)
    held.bind({ trustDomain: "prod.example", tell: () => undefined, count: () => undefined });
  const refreshAt = async (now: number): Promise<void> => {
    clock.now = now;
    await held.refreshAll(() => now);
  };
  return { held, lines, verifiedWith, refreshAt };
}

describe("peers by https_spiffe", () => {
  it("are verified with the configured bundle where no issuer was opened, too", async () => {
    const peers = { "a.example": entry("a.example", { bundle: `data:${document(1, first)}` }) };
    const { verifiedWith, refreshAt } = await open(peers, [], false);
    await refreshAt(T0);
    expect(verifiedWith).toEqual([["1"]]);
  });

  it("are verified with the configured bundle first, then with the latest that was fetched", async () => {
    const peers = { "a.example": entry("a.example", { bundle: `data:${document(1, first)}` }) };
    const { held, lines, verifiedWith, refreshAt } = await open(peers, [
      document(2, first, second),
      document(3, second),
    ]);
    expect(lines).toEqual([]);
    for (let time = T0; time < T0 + 400; time += 100) await refreshAt(time); // oxlint-disable-line no-await-in-loop
    expect(verifiedWith).toEqual([["1"], ["1", "2"], ["2"], ["2"]]);
    expect(held.peek("a.example", T0 + 400)?.bundle.sequence).toBe(3n);
  });

  it("come back with what is held after more than max_age", async () => {
    const peers = { "a.example": entry("a.example", { bundle: `data:${document(1, first)}` }) };
    const { held, verifiedWith, refreshAt } = await open(peers, [document(2, second)]);
    await refreshAt(T0);
    const later = T0 + 90 * 86_400;
    expect(held.peek("a.example", later)).toBeUndefined();
    await refreshAt(later);
    expect(verifiedWith).toEqual([["1"], ["2"]]);
  });

  it("may be served by another peer, whose bundle counts and not their own", async () => {
    const { held, lines, verifiedWith, refreshAt } = await open(
      {
        "a.example": entry("b.example"),
        "b.example": { bundle: `data:${document(1, second)}` },
      },
      [document(1, first)],
    );
    expect(lines).toEqual([]);
    await refreshAt(T0);
    expect(verifiedWith).toEqual([["2"]]);
    expect(held.peek("a.example", T0)?.bundle.jwtAuthorities).toMatchObject([{ kid: "1" }]);
  });

  it("wait for the first bundle of whoever serves them", async () => {
    const { verifiedWith, refreshAt } = await open(
      {
        "b.example": { url: "https://id.b.example/bundle", profile: "https_web" },
        "a.example": entry("b.example"),
      },
      [document(1, second), document(1, first)],
    );
    await refreshAt(T0);
    expect(verifiedWith).toEqual([undefined, ["2"]]);
  });

  it.each([
    [
      "no bundle to begin with",
      { "a.example": entry("a.example") },
      /^error a\.example\.bundle: is/,
    ],
    [
      "the ID of somebody unknown",
      { "a.example": entry("c.example", { bundle: `data:${document(1, first)}` }) },
      /^error a\.example\.endpoint_spiffe_id: is of c\.example, whose keys are not known/,
    ],
    [
      "an ID of ours",
      { "a.example": entry("prod.example", { bundle: `data:${document(1, first)}` }) },
      /^error a\.example\.endpoint_spiffe_id: is of prod\.example, whose keys/,
    ],
  ])("are refused with %s", async (_, peers, line) => {
    expect((await open(peers)).lines).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    ["no ID", { endpoint_spiffe_id: undefined }],
    ["the ID of a trust domain", { endpoint_spiffe_id: "spiffe://a.example" }],
    ["no ID at all", { endpoint_spiffe_id: "https://a.example/endpoint" }],
    ["another profile's", { profile: "https_web" }],
    ["plain http", { url: "http://localhost/bundle", allow_private_addresses: true }],
  ])("are not read with %s", (_, change) => {
    const good = entry("a.example", { bundle: "file:x" });
    expect(peersSchema.safeParse({ "a.example": good }).success).toBe(true);
    expect(peersSchema.safeParse({ "a.example": { ...good, ...change } }).success).toBe(false);
  });
});
