import { serve } from "@hono/node-server";
import { once } from "node:events";

export interface Listening {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves a simulated service on loopback, at a free port unless one is given. */
export async function listen(
  handler: (request: Request) => Promise<Response>,
  port = 0,
): Promise<Listening> {
  const server = serve({ fetch: handler, hostname: "127.0.0.1", port });
  if (!server.listening) await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      // Clients keep connections; a test that is over does not wait for them.
      if ("closeAllConnections" in server) server.closeAllConnections();
      await once(server, "close");
    },
  };
}
