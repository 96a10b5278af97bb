import type { Server } from "node:http";
import { late } from "../../platform/node/late-modules.ts";
import type { Connections } from "./connections.ts";
import type { UnderWay } from "./under-way.ts";

/** So often it is looked which connections have become idle, in milliseconds. */
const POLL_MS = 50;

export interface Patience {
  /** How long a request that was on its way when the stop was asked for may take to arrive. */
  readonly graceMs: number;
  /** How long requests under way may take to finish. */
  readonly drainMs: number;
}

/**
 * Ends a server so that no client that heeds `Connection: close` loses a request: takes no new connection, answers what
 * comes on the others for a while, each with that header, then closes the idle ones, waits for the busy ones and for
 * requests that nobody waits for any more, and in the end cuts those off.
 */
export async function stop(
  server: Server,
  connections: Connections,
  underWay: UnderWay,
  { graceMs, drainMs }: Patience,
): Promise<void> {
  connections.close();
  const began = performance.now();
  // HTTP's own `close` would end idle connections at once, though the next request may be on its way, and look no
  // longer for those that are too slow.
  const closed = new Promise<void>((resolve) => {
    late.net().Server.prototype.close.call(server, () => resolve());
  });
  const poll = setInterval(() => {
    if (performance.now() - began < graceMs || connections.sending()) return;
    server.closeIdleConnections();
    connections.closeSilent();
  }, POLL_MS);
  const patience = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(poll);
  clearTimeout(patience);
  server.close(); // nothing is left but the timer that looks for slow connections
  // A request whose sender is gone goes on, and one that was cut off hears of it after the server does: what becomes of
  // either is to stand in the log before that is closed.
  await underWay.over(Math.max(drainMs - (performance.now() - began), POLL_MS));
}
