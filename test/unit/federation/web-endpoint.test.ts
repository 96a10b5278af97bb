import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { LIMITS } from "../../../src/federation/peer.ts";
import { webEndpoint } from "../../../src/federation/web-endpoint.ts";
import { FakeNetwork } from "../../fakes/network.ts";

const URL_OF_PEER = "https://partner.example/bundle";
const ELSEWHERE = "https://partner.example/elsewhere";
const BODY = '{"keys":[]}';

const found = (location: string | undefined, status = 302) =>
  new Response(null, { status, headers: location === undefined ? {} : { location } });

/** What comes of the endpoint that answers so, and which URLs were asked for. */
async function ask(
  answer: () => Response,
  { url = URL_OF_PEER, etag }: { url?: string; etag?: string } = {},
) {
  const heard: Headers[] = [];
  const network = new FakeNetwork()
    .serve(url, ({ headers }) => {
      heard.push(headers);
      return answer();
    })
    .serve(ELSEWHERE, () => new Response(BODY));
  const fetchBundle = webEndpoint({ allowPrivate: false }, network);
  return {
    result: await fetchBundle(etag === undefined ? { url } : { url, etag }),
    heard,
    network,
  };
}

describe("an endpoint asked by the runtime's own fetch", () => {
  it("gives the document and its tag, and is asked whether it has another", async () => {
    const { result, heard } = await ask(() => new Response(BODY, { headers: { etag: '"1"' } }));
    const value = { status: 200, bytes: utf8Encode(BODY), etag: '"1"' };
    expect(result).toEqual({ ok: true, value });
    expect(heard[0]?.get("if-none-match")).toBeNull();
    const again = await ask(() => new Response(null, { status: 304 }), { etag: '"1"' });
    expect(again.result).toEqual({ ok: true, value: { status: 304 } });
    expect(again.heard[0]?.get("if-none-match")).toBe('"1"');
  });

  it.each([201, 204, 206, 400, 404, 500, 503])("is not believed with status %i", async (status) => {
    const body = status === 204 ? null : BODY;
    const { result } = await ask(() => new Response(body, { status }));
    expect(result).toEqual({ ok: false, error: { code: "status", detail: String(status) } });
  });

  it.each([301, 302, 307, 308])("is followed on its own host: %i", async (status) => {
    for (const location of [ELSEWHERE, "/elsewhere", "elsewhere"]) {
      const { result } = await ask(() => found(location, status)); // oxlint-disable-line no-await-in-loop
      expect(result).toEqual({ ok: true, value: { status: 200, bytes: utf8Encode(BODY) } });
    }
  });

  it.each([
    ["another host", "https://other.example/bundle", "redirect"],
    ["a host below", "https://a.partner.example/bundle", "redirect"],
    ["another port", "https://partner.example:444/bundle", "redirect"],
    ["metadata", "https://169.254.169.254/latest/", "redirect"],
    ["http", "http://partner.example/elsewhere", "redirect"],
    ["a user", "https://user@partner.example/elsewhere", "address"],
    ["a fragment", "/elsewhere#x", "address"],
    ["what is no URL", "https://", "redirect"],
    ["nowhere", undefined, "redirect"],
  ])("is not followed to %s", async (_, location, code) => {
    const { result, network } = await ask(() => found(location));
    expect(result).toMatchObject({ ok: false, error: { code } });
    expect(network.calls).toEqual([URL_OF_PEER]);
  });

  it("is not followed for ever", async () => {
    const { result, network } = await ask(() => found("/bundle"));
    expect(result).toMatchObject({ ok: false, error: { code: "redirect" } });
    expect(network.calls).toHaveLength(1 + LIMITS.redirects);
  });

  it("is read to the limit and no further", async () => {
    const of = (length: number) => ask(() => new Response("x".repeat(length)));
    expect((await of(LIMITS.maxBytes)).result.ok).toBe(true);
    expect((await of(LIMITS.maxBytes + 1)).result).toEqual({
      ok: false,
      error: { code: "too_large" },
    });
  });

  it.each(["http://partner.example/bundle", "https://u@partner.example/", "https://10.0.0.1/"])(
    "is not asked at %s",
    async (url) => {
      const { result, network } = await ask(() => new Response(BODY), { url });
      expect(result).toMatchObject({ ok: false, error: { code: "address" } });
      expect(network.calls).toEqual([]);
    },
  );
});
