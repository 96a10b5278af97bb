import type { ServerResponse } from "node:http";
import type { Answer } from "../../handlers/answer.ts";

/** What is left of a body that was not read, Node takes off the connection, within the time that a request may take. */
export function sendAnswer(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  if (outgoing.destroyed) return;
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, { ...headers, "content-length": length });
  // ASCII, as nearly every answer is, leaves as it stands: as UTF-8 it would be measured and written again.
  outgoing.end(body, length === body.length ? "latin1" : "utf8");
}
