import { isIP } from "node:net";
import type { ListenAddress } from "./http-server.ts";

/** `host:port`, `[v6]:port` or a port alone (then 127.0.0.1). @throws RangeError that says what is expected */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]:|([^:[\]]+):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2] ?? "127.0.0.1";
  if (match === null || port > 65_535 || (match[1] !== undefined && isIP(match[1]) !== 6)) {
    throw new RangeError(
      `expected host:port, such as 127.0.0.1:8443, not ${JSON.stringify(text.slice(0, 64))}`,
    );
  }
  return { host, port };
}
