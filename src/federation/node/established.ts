import type { Socket } from "node:net";
import type { Err } from "../../result.ts";
import type { PeerError } from "../peer.ts";
import { PrivateAddressError } from "./pinned-lookup.ts";

/**
 * Waits for a connection. @returns what came instead of it: `address` | `network` | `timeout`; `tls` where somebody was
 * there, and the handshake failed or the certificate was not right
 */
export function established(
  socket: Socket,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
): Promise<Err<PeerError> | undefined> {
  return new Promise((resolve) => {
    let reached = false;
    const late = (): void => resolve(refuse("timeout"));
    const done = (outcome: Err<PeerError> | undefined): void => {
      signal.removeEventListener("abort", late);
      resolve(outcome);
    };
    if (signal.aborted) late();
    signal.addEventListener("abort", late, { once: true });
    socket.once("connect", () => (reached = true));
    socket.once(event, () => done(undefined));
    socket.once("close", () => done(refuse(reached ? "tls" : "network")));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error instanceof PrivateAddressError) return done(refuse("address", error.message));
      return done(refuse(reached ? "tls" : "network", error.code));
    });
  });
}

function refuse(code: PeerError["code"], detail?: string): Err<PeerError> {
  return { ok: false, error: detail === undefined ? { code } : { code, detail } };
}
