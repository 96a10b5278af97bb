import { fetchBounded } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import type { Err } from "../result.ts";
import { checkEndpoint } from "./endpoint-url.ts";
import type { EndpointConfig } from "./open-peers.ts";
import { LIMITS, type FetchBundle, type PeerError } from "./peer.ts";

const CODES = {
  url_forbidden: "address",
  redirect: "redirect",
  too_large: "too_large",
  timeout: "timeout",
  network: "network",
} as const;

/**
 * Profile `https_web` by the runtime's own `fetch` and trust in certificates. It sees URLs, not addresses: where names
 * can be made to lead to a private network (Node), see `node/guarded-fetch.ts`.
 */
export function webEndpoint(
  { allowPrivate }: Pick<EndpointConfig, "allowPrivate">,
  platform: Pick<Platform, "fetch">,
): FetchBundle {
  return async ({ url, etag }) => {
    const end = performance.now() + LIMITS.timeoutMs;
    const { host } = new URL(url);
    let at = url;
    for (let hop = 0; ; hop++) {
      const wrong = checkEndpoint(at, allowPrivate);
      if (wrong !== undefined) return refuse("address", wrong);
      // oxlint-disable-next-line no-await-in-loop -- each answer says where the next one is
      const answer = await fetchBounded(platform, at, {
        maxBytes: LIMITS.maxBytes,
        timeoutMs: Math.max(1, end - performance.now()),
        headers: {
          accept: "application/json",
          ...(etag !== undefined && { "if-none-match": etag }),
        },
        allowLoopbackHttp: allowPrivate,
      });
      if (!answer.ok) {
        const { code, detail, location } = answer.error;
        if (code !== "redirect") return refuse(CODES[code], detail);
        const next = location !== undefined && URL.canParse(location, at) && new URL(location, at);
        if (next === false || next.host !== host || hop >= LIMITS.redirects)
          return refuse("redirect", "to another host, or too often");
        at = next.href;
        continue;
      }
      const { status, bytes, headers } = answer.value;
      if (status === 304) return { ok: true, value: { status } };
      if (status !== 200) return refuse("status", String(status));
      const tag = headers.get("etag");
      return { ok: true, value: { status, bytes, ...(tag !== null && { etag: tag }) } };
    }
  };
}

function refuse(code: PeerError["code"], detail?: string): Err<PeerError> {
  return { ok: false, error: detail === undefined ? { code } : { code, detail } };
}
