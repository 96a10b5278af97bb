import { guardedWebEndpoint } from "../../federation/node/guarded-fetch.ts";
import { spiffeEndpoint } from "../../federation/node/spiffe-endpoint.ts";
import { federation } from "../../federation/open-peers.ts";

/** How the runtimes on Node fetch the bundles of peers. */
export const openPeers = federation({
  https_web: guardedWebEndpoint,
  https_spiffe: spiffeEndpoint,
});
