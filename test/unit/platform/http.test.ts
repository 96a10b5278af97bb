import { describe, expect, it } from "vitest";
import { fetchBounded, type BoundedRequest } from "../../../src/platform/http.ts";

const LIMITS: BoundedRequest = { maxBytes: 10, timeoutMs: 1000 };
const KEYS_URL = "https://example.org/keys?token=secret";

/** What the runtime's own `Response` and streams make of an answer, on Node and workerd alike. */
async function outcome(
  answer: (init: RequestInit) => Response | Promise<Response>,
  limits: Partial<BoundedRequest> = {},
) {
  const platform = { fetch: async (_: string, init: RequestInit) => answer(init) };
  const result = await fetchBounded(platform, KEYS_URL, { ...LIMITS, ...limits });
  return result.ok ? `${result.value.status} ${result.value.bytes.length}` : result.error.code;
}

function stream(
  chunks: readonly number[],
  end: "closes" | "hangs" | "breaks" = "closes",
): Response {
  const left = [...chunks];
  return new Response(
    new ReadableStream({
      pull(controller) {
        const next = left.shift();
        if (next !== undefined) controller.enqueue(new Uint8Array(next));
        else if (end === "closes") controller.close();
        else if (end === "breaks") controller.error(new Error("reset"));
        else return new Promise<void>(() => undefined);
        return undefined;
      },
    }),
  );
}

const silent = () => new Promise<Response>(() => undefined);

describe("fetchBounded, over any runtime's fetch", () => {
  it("asks for no redirect to be followed, and hands the signal on", async () => {
    const seen: RequestInit[] = [];
    await outcome((init) => {
      seen.push(init);
      return new Response("x");
    });
    expect(seen[0]).toMatchObject({ method: "GET", redirect: "manual" });
    expect(seen[0]?.signal?.aborted).toBe(false);
  });

  it.each<[string, () => Response, string]>([
    ["whole", () => new Response("0123456789"), "200 10"],
    ["in pieces", () => stream([4, 0, 6]), "200 10"],
    ["empty", () => new Response(null, { status: 204 }), "204 0"],
    ["an error", () => new Response("no", { status: 500 }), "500 2"],
    ["not modified", () => new Response(null, { status: 304 }), "304 0"],
    ["too long at once", () => new Response("0123456789a"), "too_large"],
    ["too long in pieces", () => stream([4, 6, 1]), "too_large"],
    ["too long without end", () => stream([11], "hangs"), "too_large"],
    ["broken off", () => stream([4], "breaks"), "network"],
    ["redirect", () => new Response(null, { status: 302, headers: { location: "/" } }), "redirect"],
    ["redirect for good", () => Response.redirect("https://example.org/", 301), "redirect"],
    ["redirect with a body", () => new Response("x", { status: 307 }), "redirect"],
  ])("takes an answer that is %s for what it is", async (_, answer, expected) => {
    expect(await outcome(answer)).toBe(expected);
  });

  it("says where a redirect points to only if it says so itself", async () => {
    const locationOf = async (headers: Record<string, string>) => {
      const platform = { fetch: async () => new Response(null, { status: 302, headers }) };
      return fetchBounded(platform, KEYS_URL, LIMITS);
    };
    const error = { code: "redirect" };
    expect(await locationOf({})).toStrictEqual({ ok: false, error });
    expect(await locationOf({ location: "/x" })).toStrictEqual({
      ok: false,
      error: { ...error, location: "/x" },
    });
  });

  it.each([
    ["http://169.254.169.254/token", true],
    ["http://metadata.example:8080/token", true],
    ["https://elsewhere.example/", true],
    ["http://elsewhere.example/", false],
    ["http://169.254.169.253/", false],
    ["http://metadata.example.org/", false],
    ["http://localhost/", false],
    ["ftp://metadata.example/", false],
    ["http://user@metadata.example/", false],
  ])("sends to %s where two hosts may be asked without TLS: %s", async (url, sent) => {
    const plainHosts = ["169.254.169.254", "metadata.example"];
    const platform = { fetch: async () => new Response("x") };
    expect((await fetchBounded(platform, url, { ...LIMITS, plainHosts })).ok).toBe(sent);
  });

  it("waits no longer than told, be it for headers or for the body", async () => {
    expect(await outcome(silent, { timeoutMs: 20 })).toBe("timeout");
    expect(await outcome(() => stream([4], "hangs"), { timeoutMs: 20 })).toBe("timeout");
  });

  it("tells whoever fetches that it stopped waiting", async () => {
    let aborted = false;
    await outcome(
      (init) =>
        new Promise<Response>((_, reject) => {
          init.signal?.addEventListener("abort", () => {
            aborted = true;
            reject(new Error("aborted"));
          });
        }),
      { timeoutMs: 20 },
    );
    expect(aborted).toBe(true);
  });

  it("lets go of a body that it stopped waiting for", async () => {
    let cancelled = false;
    const body = new ReadableStream({ cancel: () => void (cancelled = true) });
    await outcome(() => new Response(body), { timeoutMs: 20 });
    expect(cancelled).toBe(true);
  });

  it("says nothing of the url when the network fails", async () => {
    const failing = {
      fetch: () => Promise.reject(new TypeError(`cannot fetch ${KEYS_URL}`)),
    };
    const result = await fetchBounded(failing, KEYS_URL, LIMITS);
    expect(result).toEqual({ ok: false, error: { code: "network" } });
  });
});
