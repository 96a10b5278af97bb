import { existsSync } from "node:fs";
import { encodeBase64url } from "../../../encoding/base64.ts";
import { obtain } from "../ask.ts";
import { tokenIn } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

const SOCKET = "/run/container_launcher/teeserver.sock";

/** @see https://cloud.google.com/confidential-computing/confidential-space/docs/connect-external-resources */
export const source: EvidenceSource = {
  type: "gcp_confidential_space",
  about:
    "The attestation token of a Confidential Space workload, made for S by the launcher's socket.",
  audience: "key",
  options: {
    socket: { value: "PATH", about: `where the socket is [default: ${SOCKET}]` },
    pki: { about: "a token with a chain of certificates instead of a published key" },
  },
  examples: [{ does: "signed by a certificate of Google's", options: "--pki" }],
  detect: () => (existsSync(SOCKET) ? `${SOCKET} is there` : undefined),
  async fetch({ audience, options, platform }) {
    const answer = await obtain(
      {
        url: "http://localhost/v1/token",
        socket: options["socket"] ?? SOCKET,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          audience: await audience(),
          token_type: options["pki"] === undefined ? "OIDC" : "PKI",
          // Asked for by some versions of the launcher. The audience binds; nobody looks at this.
          nonces: [encodeBase64url(platform.random(16))],
        }),
      },
      () =>
        "run this in a container of Confidential Space, whose service account has roles/confidentialcomputing.workloadUser",
    );
    return {
      token: tokenIn(answer, "the launcher's answer"),
    };
  },
};
