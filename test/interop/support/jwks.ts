import { createServer } from "node:http";
import { freePort } from "../../../scripts/free-port.ts";

export interface Published extends AsyncDisposable {
  readonly url: string;
}

/** A document that others fetch on loopback, as an identity provider publishes its keys. */
export async function publish(document: object): Promise<Published> {
  const port = await freePort();
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
