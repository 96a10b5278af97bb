import type { Platform } from "../../platform/platform.ts";
import type { Err } from "../../result.ts";
import { parseSpiffeId } from "../../spiffe/spiffe-id.ts";
import type { EndpointConfig } from "../open-peers.ts";
import { LIMITS, type FetchBundle, type PeerError } from "../peer.ts";
import { followRedirects } from "../redirects.ts";
import { getOver } from "./get-over.ts";
import { connectTo } from "./tls-identity.ts";

/**
 * Profile `https_spiffe` (SPIFFE Federation §5.2.2): whoever answers shows an X.509-SVID for exactly the configured
 * SPIFFE ID, verified with the latest bundle held of its trust domain, before anything is asked of it. There is
 * nothing to fall back to: no older bundle, no other profile.
 */
export function spiffeEndpoint(
  { allowPrivate, endpointId = "", endpointBundle }: EndpointConfig,
  platform: Platform,
  { timeoutMs }: { readonly timeoutMs: number } = LIMITS,
): FetchBundle {
  const id = parseSpiffeId(endpointId);
  return async ({ url, etag }) => {
    if (!id.ok) return refuse("endpoint_identity", "no SPIFFE ID is configured");
    if (new URL(url).protocol !== "https:") return refuse("address", "expected an https URL");
    const spiffeId = id.value;
    const { trustDomain } = spiffeId;
    const bundle = await endpointBundle?.(trustDomain, platform.now());
    if (bundle === undefined)
      return refuse("endpoint_identity", `no bundle of ${trustDomain} is held yet`);
    const signal = AbortSignal.timeout(timeoutMs);
    return followRedirects(url, allowPrivate, async (at) => {
      const target = new URL(at);
      const now = platform.now();
      const expected = { spiffeId, bundle, now, crypto: platform };
      const connected = await connectTo(target, expected, { allowPrivate, signal });
      return connected.ok ? getOver(connected.value, target, etag, signal) : connected;
    });
  };
}

function refuse(code: PeerError["code"], detail: string): Err<PeerError> {
  return { ok: false, error: { code, detail } };
}
