import { fetchBounded } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import type { Err } from "../result.ts";
import type { EndpointConfig } from "./open-peers.ts";
import { LIMITS, type FetchBundle, type PeerError } from "./peer.ts";
import { followRedirects } from "./redirects.ts";

const CODES = {
  url_forbidden: "address",
  redirect: "redirect",
  too_large: "too_large",
  timeout: "timeout",
  network: "network",
} as const;

/**
 * Profile `https_web` by the runtime's own `fetch` and trust in certificates. It sees URLs, not addresses: where names
 * can be made to lead to a private network (Node), `node/guarded-fetch.ts` serves.
 */
export function webEndpoint(
  { allowPrivate }: Pick<EndpointConfig, "allowPrivate">,
  platform: Pick<Platform, "fetch">,
): FetchBundle {
  return ({ url, etag }) => {
    const end = performance.now() + LIMITS.timeoutMs;
    return followRedirects(url, allowPrivate, async (at) => {
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
        return code === "redirect"
          ? { ok: true, value: { location } }
          : refuse(CODES[code], detail);
      }
      const { status, bytes, headers } = answer.value;
      if (status === 304) return { ok: true, value: { status } };
      if (status !== 200) return refuse("status", String(status));
      const tag = headers.get("etag");
      return { ok: true, value: { status, bytes, ...(tag !== null && { etag: tag }) } };
    });
  };
}

function refuse(code: PeerError["code"], detail?: string): Err<PeerError> {
  return { ok: false, error: detail === undefined ? { code } : { code, detail } };
}
