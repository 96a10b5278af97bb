import { existsSync } from "node:fs";
import { obtain } from "../ask.ts";
import { tokenIn } from "../token.ts";
import type { EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

const SOCKET = "/.fly/api";

/** @see https://fly.io/docs/security/openid-connect/ */
export const source: EvidenceSource = {
  type: "oidc",
  about: `The ID token of a Fly.io Machine, made for S by the socket ${SOCKET} that each Machine has. Only root may open it, unless you let others.`,
  audience: "key",
  options: { socket: { value: "PATH", about: `where the socket is [default: ${SOCKET}]` } },
  detect: (env) => (existsSync(SOCKET) ? set(env, "FLY_MACHINE_ID", "FLY_APP_NAME") : undefined),
  async fetch({ audience, options }) {
    const answer = await obtain(
      {
        url: "http://localhost/v1/tokens/oidc",
        socket: options["socket"] ?? SOCKET,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ aud: await audience() }),
      },
      () => "run this on a Fly.io Machine, as root",
    );
    return { token: tokenIn(answer, "Fly's answer") };
  },
};
