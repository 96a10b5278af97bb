import { spiffeEndpoint } from "../../federation/node/spiffe-endpoint.ts";
import { federation } from "../../federation/open-peers.ts";
import { webEndpoint } from "../../federation/web-endpoint.ts";

/** How the runtimes on Node fetch the bundles of peers. */
export const openPeers = federation({ https_web: webEndpoint, https_spiffe: spiffeEndpoint });
