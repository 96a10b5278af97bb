import type { ServerResponse } from "node:http";
import type { Answer } from "../../handlers/answer.ts";

/** For so long a body that nobody reads may go on after the last answer of its connection, in milliseconds. */
const LINGER_MS = 500;

/** What is left of a body that was not read, Node takes off the connection, within the time that a request may take. */
export function sendAnswer(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  if (outgoing.destroyed) return;
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, { ...headers, "content-length": length });
  // ASCII, as nearly every answer is, leaves as it stands: as UTF-8 it would be measured and written again.
  const encoding = length === body.length ? "latin1" : "utf8";
  if (outgoing.shouldKeepAlive || outgoing.req.complete) outgoing.end(body, encoding);
  else {
    outgoing.write(body, encoding);
    endBehindBody(outgoing);
  }
}

/** With the answer ends the connection, at once: what then still comes of the body would take the answer with it. */
function endBehindBody(outgoing: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer);
    if (!outgoing.destroyed) outgoing.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  outgoing.req.once("end", end).once("close", end).resume();
}
