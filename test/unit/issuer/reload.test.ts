import { beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config-issue.ts";
import { decodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Decode } from "../../../src/encoding/bytes.ts";
import { Kept } from "../../../src/kept.ts";
import { formatInstant } from "../../../src/signer/instant.ts";
import { NOW, TRUST_DOMAIN } from "./names.ts";
import { createReloading, DAY, JWKS, PEER, type ReloadWorld } from "./reloading.ts";
import { workload, type Workload } from "./world.ts";

let world: ReloadWorld;
let client: Workload;
beforeAll(async () => {
  world = await createReloading();
  client = await workload(world);
});

interface Answer {
  readonly spiffe_id: string;
  readonly x509: { readonly certificate_chain: string };
  readonly jwt: { readonly token: string; readonly expires_at: number };
}

async function answered(answer: Response): Promise<Answer> {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  return JSON.parse(text);
}

/** PEM, without the line that ends it. */
function intermediateOf({ x509 }: Answer): string {
  const [, intermediate = ""] = x509.certificate_chain.split("-----END CERTIFICATE-----");
  expect(intermediate).toContain("BEGIN CERTIFICATE");
  return intermediate;
}

function claimsOf(token: string): { sub: string; iat: number; exp: number } {
  const payload = decodeBase64url(token.split(".")[1] ?? "");
  if (!payload.ok) throw new Error("no token");
  return JSON.parse(utf8Decode(payload.value) ?? "");
}

async function refusal(text: unknown): Promise<string> {
  const error: unknown = await world.reload(text).catch((e: unknown) => e);
  if (!(error instanceof ConfigError)) throw new Error(`was not refused: ${String(error)}`);
  return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n");
}

/** The others' turn: where cryptography is synchronous, neither requests nor reloads leave any timer one. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}

describe("a configuration that is replaced", () => {
  it("is one whole for each request, however often it changes", async () => {
    const load = { over: false, swaps: 0 };
    const swaps = (async () => {
      for (; !load.over; load.swaps++) {
        await world.reload(world.document(load.swaps % 2 === 0 ? "b" : "a"));
        await pause();
      }
    })();
    const seen = new Set<string>();
    try {
      while (load.swaps < 20) {
        const answers = await Promise.all(
          Array.from({ length: 8 }, async () => answered(await world.ask(client))),
        );
        await pause();
        for (const { spiffe_id, jwt } of answers) {
          const { sub, iat, exp } = claimsOf(jwt.token);
          const name = spiffe_id.includes("/a/") ? "a" : "b";
          seen.add(name);
          expect({ sub, life: exp - iat, until: jwt.expires_at }).toEqual({
            sub: `spiffe://${TRUST_DOMAIN}/${name}/deploy`,
            life: expect.closeTo(name === "a" ? 300 : 600, -2),
            until: exp,
          });
        }
      }
    } finally {
      load.over = true;
    }
    await swaps;
    expect([...seen].toSorted()).toEqual(["a", "b"]);
    const rules = world.lines
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === "intent");
    expect(rules.every(({ rule, spiffe_id }) => spiffe_id.includes(`/${rule}/`))).toBe(true);
  });

  it("costs no call of a key service, fetches no keys and opens no store again", async () => {
    await answered(await world.ask(client));
    expect(world.ring.calls).toBe(1);
    expect(world.network.calls).toEqual([JWKS]);
    expect(world.stores()).toBe(1);
  });

  it("keeps what was fetched of peers, unless the peer is another", async () => {
    const before = await world.peer();
    expect(before?.bundle.sequence).toBe(7n);
    const asked = world.network.calls.length;
    await world.reload(world.document("b"));
    expect(await world.peer()).toBe(before);
    expect(world.network.calls).toHaveLength(asked);
    const peers = { "partner.example": { url: PEER, profile: "https_web", min_sequence: 8 } };
    await world.reload(world.document("b", { peers }));
    expect(await world.peer()).toBeUndefined();
    const told = world.lines.findLast((line) => line.includes('"event":"peer"')) ?? "{}";
    expect(JSON.parse(told)).toMatchObject({ reason: "rolled_back", alarm: true });
    expect(world.metrics()).toContain('svidmint_alarms_total{alarm="peer_rolled_back"} 1\n');
    expect(world.metrics()).toContain('svidmint_peer_usable{peer="partner.example"} 0\n');
    await world.reload(world.document("a"));
  });

  it("is in force from the next request on, and is told of", async () => {
    await world.reload(world.document("b"));
    expect((await answered(await world.ask(client))).spiffe_id).toContain("/b/");
    expect(
      JSON.parse(world.lines.findLast((line) => line.includes('"configuration"')) ?? ""),
    ).toEqual({
      event: "configuration",
      time: "2027-01-15T08:00:00Z",
      trust_domain: TRUST_DOMAIN,
      spiffe_sequence: NOW - DAY,
      wit_spiffe_sequence: NOW - DAY,
    });
    expect(world.metrics()).toMatch(/^svidmint_config_reloads_total\{outcome="loaded"\} \d+$/m);
  });

  it.each<[string, (w: ReloadWorld) => object, RegExp]>([
    ["a rule that is wrong", () => ({ rules: [{ name: "x" }] }), /^rules\.0/],
    ["another issuer", () => ({ issuer: "https://other.example" }), /^issuer: cannot change while/],
    [
      "another trust domain",
      () => ({ trust_domain: "other.example" }),
      /^trust_domain: cannot change while/,
    ],
    ["another claim store", () => ({ claims: undefined }), /^claims: cannot change while/],
    ["another audit log", () => ({ audit: { sink: "file:x" } }), /^audit: cannot change while/],
    [
      "a published key that is gone",
      ({ entries }) => ({ keys: { ...entries, x509: entries.x509.slice(0, 1) } }),
      /^keys\.x509: spare is published/,
    ],
    [
      "keys in another order",
      ({ entries }) => ({ keys: { ...entries, x509: entries.x509.toReversed() } }),
      /^bundle\.changed_at: .* another under the same/,
    ],
    [
      "a hint that changes the bundle",
      () => ({ bundle: { refresh_hint: "10m" } }),
      /^bundle\.changed_at/,
    ],
    ["no keys", () => ({ keys: undefined }), /^keys: required/],
  ])("stays as it was where the new one has %s", async (_, more, expected) => {
    await world.reload(world.document("a"));
    const before = await (await world.fetch("/bundle")).text();
    const refused = Number(/outcome="refused"\} (\d+)/.exec(world.metrics())?.[1] ?? 0);
    expect(await refusal({ ...world.document("b"), ...more(world) })).toMatch(expected);
    expect((await answered(await world.ask(client))).spiffe_id).toContain("/a/");
    expect(await (await world.fetch("/bundle")).text()).toBe(before);
    expect(world.metrics()).toContain(
      `svidmint_config_reloads_total{outcome="refused"} ${refused + 1}`,
    );
  });

  it("is told to have wrong keys beside what cannot change, and opens no store", async () => {
    const { entries } = world;
    const [root, spare] = entries.x509.map((entry) => ({ ...entry, certificate: "data:," }));
    const opened = world.stores();
    const told = await refusal({
      ...world.document("b"),
      claims: { store: "dynamodb", table: "other", region: "eu-central-1" },
      keys: { ...entries, x509: [root, spare] },
    });
    expect(told.split("\n").map((line) => line.split(": ")[0])).toEqual([
      "claims",
      "keys.x509.0.certificate",
      "keys.x509.1.certificate",
    ]);
    expect(world.stores()).toBe(opened);
    expect((await answered(await world.ask(client))).spiffe_id).toContain("/a/");
  });

  it("waits for the one before it, so that the latest stays", async () => {
    const slow = pause().then(() => world.document("a"));
    await Promise.all([world.reload(slow), world.reload(world.document("b"))]);
    expect((await answered(await world.ask(client))).spiffe_id).toContain("/b/");
  });

  it("is not taken where it cannot be written down", async () => {
    await world.reload(world.document("a"));
    world.auditBroken = true;
    await expect(world.reload(world.document("b"))).rejects.toThrow(
      "the audit log does not take the line that has to be there first: disk full",
    );
    world.auditBroken = false;
    expect((await answered(await world.ask(client))).spiffe_id).toContain("/a/");
  });

  it("takes the place of keys by an emergency at once", async () => {
    const { entries, ring } = world;
    const lost = await ring.entry("x509", { id: "root", publishedAt: NOW - DAY, removedAt: NOW });
    const keys = { ...entries, x509: [lost, ...entries.x509.slice(1)] };
    const before = JSON.parse(await (await world.fetch("/bundle")).text());
    const old = intermediateOf(await answered(await world.ask(client)));
    const calls = ring.calls;
    await world.reload({ ...world.document("a"), keys });
    const after = JSON.parse(await (await world.fetch("/bundle")).text());
    expect(after.spiffe_sequence).toBe(NOW);
    expect(after.keys).toHaveLength(before.keys.length - 1);
    // What the lost root certified signs nothing more, though it would live for a while.
    expect(intermediateOf(await answered(await world.ask(client)))).not.toBe(old);
    expect(ring.calls).toBe(calls + 1);
  });
});

describe("a key whose entry is gone", () => {
  it("comes again under its own use, and under no other while the process runs", async () => {
    const own = await createReloading();
    const { entries, ring } = own;
    const tok = (publishedAt: number, removedAt?: number) =>
      ring.entry("jwt", {
        id: "tok",
        publishedAt,
        activeFrom: "standby",
        ...(removedAt !== undefined && { removedAt }),
      });
    const withKeys = (keys: object, changedAt?: string) =>
      own.reload(
        own.document("a", {
          keys: { ...entries, ...keys },
          ...(changedAt !== undefined && { bundle: { changed_at: changedAt } }),
        }),
      );
    await withKeys({ jwt: [...entries.jwt, await tok(NOW)] });
    await withKeys({ jwt: [...entries.jwt, await tok(NOW, NOW + DAY)] });
    own.now = NOW + 2 * DAY;
    const gone = formatInstant(NOW + DAY);
    await withKeys({}, gone);
    const again = await tok(NOW + 2 * DAY);
    const refused: unknown = await withKeys({ wit: [again] }, gone).catch((e: unknown) => e);
    expect(refused).toMatchObject({
      issues: expect.arrayContaining([
        expect.objectContaining({
          path: ["keys", "wit", 0, "id"],
          message: "was jwt tok before: one key serves one use",
        }),
      ]),
    });
    await withKeys({ jwt: [...entries.jwt, again] }, gone);
  });
});

describe("Kept", () => {
  it("hands on what is asked for again, and lets go of the rest", () => {
    const first = new Kept();
    const one = first.keep("one", () => ({}));
    first.keep("two", () => ({}));
    const refused = new Kept(first);
    refused.keep("two", () => "never");
    const next = new Kept(first);
    expect(next.keep("one", () => ({}))).toBe(one);
    next.settle();
    const last = new Kept(next);
    expect(last.keep("one", () => ({}))).toBe(one);
    expect(last.keep("two", () => "made anew")).toBe("made anew");
  });
});
