import { federation } from "./open-peers.ts";
import { webEndpoint } from "./web-endpoint.ts";

/** Peers by profile `https_web` alone, wherever there is `fetch`. */
export const webFederation = /* @__PURE__ */ federation({ https_web: webEndpoint });
