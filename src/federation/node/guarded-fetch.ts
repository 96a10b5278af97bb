import { connect as connectTcp, isIP, type Socket } from "node:net";
import { late } from "../../platform/node/late-modules.ts";
import { TLS_INTERMEDIATE } from "../../platform/node/tls-profile.ts";
import type { Platform } from "../../platform/platform.ts";
import type { EndpointConfig } from "../open-peers.ts";
import { LIMITS, type FetchBundle } from "../peer.ts";
import { followRedirects } from "../redirects.ts";
import { established } from "./established.ts";
import { getOver } from "./get-over.ts";
import { pinnedLookup } from "./pinned-lookup.ts";

interface GuardedOptions {
  readonly timeoutMs?: number;
  /** PEM, in place of Node's roots and `NODE_EXTRA_CA_CERTS`. */
  readonly ca?: string;
  /** In place of the system's resolver. */
  readonly resolve?: Parameters<typeof pinnedLookup>[1];
}

/**
 * Profile `https_web` (SPIFFE Federation §5.2.1) where names can be made to lead into a private network: each URL is
 * judged, its name is looked up once, and the connection goes to what was judged. The certificate is verified by Node's
 * roots and for the URL's host. Nothing of the environment has a part in it: no proxy, no cookies, no kept connection.
 */
export function guardedWebEndpoint(
  { allowPrivate }: Pick<EndpointConfig, "allowPrivate">,
  _platform?: Pick<Platform, "fetch">,
  { timeoutMs = LIMITS.timeoutMs, ca, resolve }: GuardedOptions = {},
): FetchBundle {
  const lookup = pinnedLookup(allowPrivate, resolve);
  const open = ({ protocol, hostname, port }: URL): Socket => {
    const host = hostname.replace(/^\[|\]$/g, "");
    // Only to this machine: see `checkEndpoint`.
    if (protocol === "http:") return connectTcp({ host, port: Number(port || 80), lookup });
    return late.tls().connect({
      ...TLS_INTERMEDIATE,
      host,
      port: Number(port || 443),
      lookup,
      ...(isIP(host) === 0 && { servername: host.replace(/\.$/, "") }),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
      ...(ca !== undefined && { ca }),
    });
  };
  return ({ url, etag }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    return followRedirects(url, allowPrivate, async (at) => {
      const target = new URL(at);
      const socket = open(target);
      const ready = target.protocol === "http:" ? "connect" : "secureConnect";
      const failed = await established(socket, ready, signal);
      if (failed === undefined) return getOver(socket, target, etag, signal);
      socket.destroy();
      return failed;
    });
  };
}
