import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/**
 * Below the ports that Linux (32768 and up), macOS and Windows (49152 and up) give to outgoing connections: one
 * of those can be taken by any client between the choice and the server's start.
 */
const [LOWEST, BEYOND] = [20_000, 32_768];
const TRIES = 100;

/**
 * A port of 127.0.0.1 for a server whose URL must be written before it starts. No other caller gets it while this
 * process (or worker thread) lives, however long the server takes to start and however often it restarts.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LOWEST, BEYOND);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no port from ${LOWEST} to ${BEYOND - 1} of 127.0.0.1 is free`);
}

/**
 * Holds the UDP port of the same number, as a lock among all processes of this machine which ends with its
 * holder: TCP does not notice it.
 */
function reserve(port: number): Promise<boolean> {
  const lock = createSocket("udp4").unref();
  return new Promise((resolve) => {
    lock.once("error", () => resolve(false));
    lock.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(true));
  });
}

/** Whether nothing listens at the TCP port. */
function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
