import { describe, expect, it, vi } from "vitest";
import { FetchedKeys, type KeyLocation } from "../../../src/attestors/fetched-keys.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { outcome } from "../../conformance/attestor.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { keySet, tokenKey } from "../../fakes/token-issuer.ts";
import { NOW } from "./support.ts";

const URL_OF_KEYS = "https://issuer.example/keys";
const MINUTE = 60;
const HOUR = 3600;
const [one, two] = await Promise.all([tokenKey("ES256", "one"), tokenKey("ES256", "two")]);

function setUp(location: KeyLocation = { jwks: URL_OF_KEYS }, overrides: Partial<Platform> = {}) {
  const network = new FakeNetwork().serveJson(URL_OF_KEYS, keySet(one));
  const platform = webCryptoPlatform({
    fetch: network.fetch,
    random: (length) => new Uint8Array(length),
    ...overrides,
  });
  const keys = new FetchedKeys(platform, location);
  return {
    network,
    keys,
    find: async (kid: string, seconds = 0) => outcome(await keys.find(kid, "ES256", NOW + seconds)),
  };
}

/** Lets what was begun, and is waited for by nobody, come to its end. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const BROKEN = () => new Response("down", { status: 500 });

describe("fetched keys", () => {
  it("are not fetched before a token needs them", async () => {
    const { network, find } = setUp();
    expect(network.calls).toEqual([]);
    expect(await find("one")).toBe("accepted");
    expect(network.calls).toEqual([URL_OF_KEYS]);
  });

  it("are fetched once for requests that come together", async () => {
    const { network, find } = setUp();
    const answers = await Promise.all(Array.from({ length: 50 }, () => find("one")));
    for (const answer of answers) expect(answer).toBe("accepted");
    expect(network.calls.length).toBe(1);
  });

  it("answer at once while they are fresh", async () => {
    const { keys, find } = setUp();
    expect(await find("one")).toBe("accepted");
    expect(keys.find("one", "ES256", NOW + 1)).not.toBeInstanceOf(Promise);
  });

  it("are refreshed behind the request that finds them old", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    expect(await find("one", 8 * MINUTE - 1)).toBe("accepted");
    expect(network.calls.length).toBe(1);
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) => (answer = resolve));
    network.serve(URL_OF_KEYS, async () => {
      await asked;
      return Response.json(keySet(two));
    });
    expect(await find("one", 8 * MINUTE)).toBe("accepted");
    expect(await find("one", 8 * MINUTE + 31)).toBe("accepted");
    expect(network.calls.length).toBe(3);
    answer();
    await settle();
    expect(await find("two", 8 * MINUTE + 32)).toBe("accepted");
    expect(await find("one", 8 * MINUTE + 32)).toBe("key_unknown");
  });

  it("spread their refreshes over two minutes", async () => {
    const { network, find } = setUp(undefined, {
      random: (length) => new Uint8Array(length).fill(255),
    });
    expect(await find("one")).toBe("accepted");
    expect(await find("one", 9 * MINUTE)).toBe("accepted");
    expect(network.calls.length).toBe(1);
    expect(await find("one", 10 * MINUTE)).toBe("accepted");
    expect(network.calls.length).toBe(2);
  });

  it("are waited for once they are an hour old, so that a key withdrawn is refused", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    network.serveJson(URL_OF_KEYS, keySet(two));
    expect(await find("one", HOUR)).toBe("key_unknown");
    expect(await find("two", HOUR)).toBe("accepted");
    expect(network.calls.length).toBe(2);
  });

  it("may all be withdrawn", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    network.serveJson(URL_OF_KEYS, { keys: [] });
    expect(await find("one", HOUR)).toBe("key_unknown");
  });

  it("serve for a day while the issuer is down, and no longer", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    network.serve(URL_OF_KEYS, BROKEN);
    for (let seconds = HOUR; seconds < 24 * HOUR; seconds += HOUR) {
      expect(await find("one", seconds)).toBe("accepted"); // oxlint-disable-line no-await-in-loop -- in the order of the clock
      expect(await find("one", seconds + 1)).toBe("accepted"); // oxlint-disable-line no-await-in-loop -- none may begin now
    }
    expect(await find("one", 24 * HOUR - 1)).toBe("accepted");
    expect(await find("one", 24 * HOUR)).toBe("keys_unavailable");
    network.serveJson(URL_OF_KEYS, keySet(one));
    expect(await find("one", 24 * HOUR + 30)).toBe("accepted");
  });

  it("are unavailable, not unknown, where an unknown kid meets a refresh that failed", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    expect(await find("two", 29)).toBe("key_unknown");
    network.serve(URL_OF_KEYS, BROKEN);
    expect(await find("two", 30)).toBe("keys_unavailable");
    expect(await find("two", 31)).toBe("keys_unavailable");
    expect(await find("one", 31)).toBe("accepted");
    expect(network.calls.length).toBe(2);
    network.serveJson(URL_OF_KEYS, keySet(one));
    expect(await find("two", 60)).toBe("key_unknown");
  });

  it("learn a new kid at the next refresh that may be", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    network.serveJson(URL_OF_KEYS, keySet(one, two));
    expect(await find("two", 29)).toBe("key_unknown");
    expect(await find("two", 30)).toBe("accepted");
    expect(network.calls.length).toBe(2);
  });

  it("are asked for once in 30 s, failures included", async () => {
    const { network, find } = setUp();
    network.serve(URL_OF_KEYS, BROKEN);
    for (let seconds = 0; seconds < 300; seconds++) {
      // oxlint-disable-next-line no-await-in-loop -- in the order of the clock
      expect(await find(`kid-${seconds}`, seconds)).toBe("keys_unavailable");
    }
    expect(network.calls.length).toBe(10);
  });

  it("are fetched anew where the clock was set back, and where it jumped ahead", async () => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    network.serveJson(URL_OF_KEYS, keySet(two));
    expect(await find("two", -2 * HOUR)).toBe("accepted");
    network.serveJson(URL_OF_KEYS, keySet(one));
    expect(await find("one", 365 * 24 * HOUR)).toBe("accepted");
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["an error", BROKEN],
    ["a redirect", () => Response.redirect("https://attacker.example/", 302)],
    ["404", () => new Response("[]", { status: 404 })],
    ["204", () => new Response(null, { status: 204 })],
    ["304", () => new Response(null, { status: 304 })],
    ["206", () => Response.json(keySet(two), { status: 206 })],
    ["HTML", () => new Response("<html>")],
    ["an array", () => Response.json([two.jwk])],
    ["a set in no array", () => Response.json({ keys: two.jwk })],
    ["nothing", () => new Response("")],
    ["a member twice", () => new Response(`{"keys":[],"keys":[${JSON.stringify(two.jwk)}]}`)],
    ["more than 64 KiB", () => Response.json({ ...keySet(two), filler: "x".repeat(65_536) })],
    ["an endless body", () => new Response(endless())],
    ["a body cut short", () => new Response(cutShort())],
    ["a refused connection", () => Promise.reject(new TypeError("fetch failed"))],
    [
      "something that throws",
      () => {
        throw new Error("broken");
      },
    ],
  ])("keep what they have when the issuer answers with %s", async (_, respond) => {
    const { network, find } = setUp();
    expect(await find("one")).toBe("accepted");
    network.serve(URL_OF_KEYS, respond);
    expect(await find("one", HOUR)).toBe("accepted");
    expect(await find("two", HOUR + 30)).toBe("keys_unavailable");
    expect(network.calls).toEqual([URL_OF_KEYS, URL_OF_KEYS, URL_OF_KEYS]);
  });

  it("take a set as large as they are told", async () => {
    const network = new FakeNetwork().serveJson(URL_OF_KEYS, {
      ...keySet(one),
      filler: "x".repeat(65_536),
    });
    const platform = webCryptoPlatform({ fetch: network.fetch });
    const keys = new FetchedKeys(platform, { jwks: URL_OF_KEYS }, { maxBytes: 262_144 });
    expect(outcome(await keys.find("one", "ES256", NOW))).toBe("accepted");
  });

  describe("that never come", () => {
    it("cost a request 5 s at most, and the next 30 s nothing", async () => {
      vi.useFakeTimers();
      try {
        const { network, find } = setUp();
        network.serve(URL_OF_KEYS, () => new Promise(() => {}));
        const first = find("one");
        const waiting = find("one", 1);
        await vi.advanceTimersByTimeAsync(4999);
        const late = find("one", 4);
        await vi.advanceTimersByTimeAsync(1);
        for (const answer of [first, waiting, late]) {
          expect(await answer).toBe("keys_unavailable"); // oxlint-disable-line no-await-in-loop
        }
        expect(await find("one", 29)).toBe("keys_unavailable");
        expect(network.calls.length).toBe(1);
        network.serveJson(URL_OF_KEYS, keySet(one));
        expect(await find("one", 30)).toBe("accepted");
      } finally {
        vi.useRealTimers();
      }
    });

    it("hold up nobody for ever when the request that asked for them was cut off (Workers)", async () => {
      vi.useFakeTimers();
      try {
        const { network, keys, find } = setUp();
        network.serve(URL_OF_KEYS, () => new Promise(() => {}));
        void keys.find("one", "ES256", NOW);
        // As where a request ends before its fetch does: its timers die with it, and the promise never settles.
        vi.clearAllTimers();
        const waiting = find("one", 1);
        await vi.advanceTimersByTimeAsync(8000);
        expect(await waiting).toBe("keys_unavailable");
        network.serveJson(URL_OF_KEYS, keySet(one));
        expect(await find("one", 30)).toBe("accepted");
      } finally {
        vi.useRealTimers();
      }
    });
  });

  it("hand each refresh to the platform, so that it outlives the request", async () => {
    const kept: Promise<unknown>[] = [];
    const { find } = setUp(undefined, { background: (work) => void kept.push(work) });
    expect(await find("one")).toBe("accepted");
    expect(await find("one", 10 * MINUTE)).toBe("accepted");
    expect(kept.length).toBe(2);
    await Promise.all(kept);
  });

  describe("by discovery", () => {
    const ISSUER = "https://issuer.example";
    const DOCUMENT = `${ISSUER}/.well-known/openid-configuration`;
    it("look the document up again after an hour, or when the keys were not there", async () => {
      const { network, find } = setUp({ discover: ISSUER });
      network.serveJson(DOCUMENT, { issuer: ISSUER, jwks_uri: URL_OF_KEYS });
      expect(await find("one")).toBe("accepted");
      expect(await find("one", 10 * MINUTE)).toBe("accepted");
      await settle();
      expect(network.calls).toEqual([DOCUMENT, URL_OF_KEYS, URL_OF_KEYS]);
      expect(await find("one", 10 * MINUTE + HOUR)).toBe("accepted");
      expect(network.calls.slice(3)).toEqual([DOCUMENT, URL_OF_KEYS]);
      network.serve(URL_OF_KEYS, BROKEN);
      network
        .serveJson(DOCUMENT, { issuer: ISSUER, jwks_uri: `${ISSUER}/new` })
        .serveJson(`${ISSUER}/new`, keySet(two));
      expect(await find("one", 21 * MINUTE + HOUR)).toBe("accepted");
      await settle();
      expect(await find("two", 22 * MINUTE + HOUR)).toBe("accepted");
      expect(network.calls.slice(5)).toEqual([URL_OF_KEYS, DOCUMENT, `${ISSUER}/new`]);
    });
    it("ask for two documents in 30 s at most", async () => {
      const { network, find } = setUp({ discover: ISSUER });
      network
        .serveJson(DOCUMENT, { issuer: ISSUER, jwks_uri: URL_OF_KEYS })
        .serve(URL_OF_KEYS, BROKEN);
      for (let seconds = 0; seconds < 90; seconds++) {
        expect(await find("one", seconds)).toBe("keys_unavailable"); // oxlint-disable-line no-await-in-loop
      }
      expect(network.calls.length).toBe(6);
    });
  });
});

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(16_384).fill(0x20)),
  });
}

function cutShort(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('{"keys":['));
      controller.error(new Error("cut short"));
    },
  });
}
