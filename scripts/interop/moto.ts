import { request } from "node:http";
import { freePort } from "../free-port.ts";
import { accepts, type Server, startServer } from "./processes.ts";

/** The longest that it may live. Milliseconds. */
const DEADLINE_MS = 10 * 60_000;

/** moto's simulated AWS, alone on loopback: one account, 123456789012. */
export interface Moto extends AsyncDisposable {
  readonly port: number;
  /** Sends a request as if to AWS: which service and region are meant, moto reads from its host. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** From now on each call must be signed with keys that moto gave out, and be allowed to them. */
  authenticate(): Promise<void>;
}

/** @param python of the environment that moto is installed in */
export async function startMoto(python: string): Promise<Moto> {
  const port = await freePort();
  const server: Server = await startServer(
    python,
    ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    { deadlineMs: DEADLINE_MS, ready: () => accepts(port), readyMs: 60_000 },
  );
  return {
    port,
    fetch: (url, init) => send(port, url, init),
    async authenticate() {
      const url = `http://127.0.0.1:${port}/moto-api/reset-auth`;
      const answer = await fetch(url, { method: "POST", body: "0" });
      if (!answer.ok) throw new Error(`moto: status ${answer.status}`);
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** By `node:http`, since `fetch` lets nobody say whose host is meant. */
function send(port: number, url: string, init: RequestInit): Promise<Response> {
  const { host, pathname, search } = new URL(url);
  const { method = "GET", body } = init;
  const headers = { ...Object.fromEntries(new Headers(init.headers)), host };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, method, path: pathname + search, headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const { statusCode: status = 500, headersDistinct } = incoming;
          const told = new Headers();
          for (const [name, values = []] of Object.entries(headersDistinct))
            for (const value of values) told.append(name, value);
          const empty = status === 204 || status === 304;
          resolve(new Response(empty ? null : Buffer.concat(chunks), { status, headers: told }));
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(typeof body === "string" || body instanceof Uint8Array ? body : undefined);
  });
}
