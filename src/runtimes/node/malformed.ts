import { randomBytes } from "node:crypto";
import { STATUS_CODES, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Answer } from "../../handlers/answer.ts";
import { problem } from "../../handlers/problem.ts";
import type { Connections } from "./connections.ts";

/** After its answer a connection is read on for so long: what is unread when it is closed would take the answer with it. */
const LINGER_MS = 500;

/** An answer to what became no request, so that no trust domain has a part in it and no line of the audit log its id. */
export function malformed(status: number, detail: string): Answer {
  return problem(status, "request_malformed", randomBytes(16).toString("hex"), detail);
}

/** By the code of Node's error. Of what was sent nothing is repeated. @returns undefined where it is no error of HTTP */
function refusal(code = ""): Answer | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return malformed(408, "the request took too long");
  if (code === "HPE_HEADER_OVERFLOW") return malformed(431, "the header has too many bytes");
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return malformed(413, "chunks have no extensions");
  return code.startsWith("HPE_") ? malformed(400, `not a request (${code})`) : undefined;
}

/**
 * Answers what Node's parser does not take for a request, where it would send an empty body: after the answers to whole
 * requests before it, at most one to a request, and then the connection ends.
 */
export function answerMalformed(server: Server, connections: Connections): void {
  const ended = new WeakSet<Duplex>();
  server.on("clientError", ({ code }: NodeJS.ErrnoException, socket) => {
    if (ended.has(socket)) return; // each further byte is an error, too
    const answer = refusal(code);
    // Of TLS, or the other side went away.
    if (answer === undefined || !socket.writable) return void socket.destroy();
    ended.add(socket);
    const cutOff = (): unknown => socket.destroy();
    // What still comes is read, so that Node no longer sees who does not read his answers.
    let timer = setTimeout(cutOff, server.timeout);
    socket.once("close", () => clearTimeout(timer));
    whenDue(connections.leave(socket), socket, (answered) => {
      if (answered) socket.end();
      else if (socket.writable) socket.end(bytesOf(answer));
      clearTimeout(timer);
      timer = setTimeout(cutOff, LINGER_MS);
    });
  });
}

/**
 * @param last request that was taken for one: the error is in its body where that is not complete, else behind it
 * @param due calls for the answer, or only for the end where there already is one
 */
function whenDue(
  last: ServerResponse | undefined,
  socket: Duplex,
  due: (answered: boolean) => void,
): void {
  if (last === undefined) return due(false);
  const { complete } = last.req;
  if (complete || last.headersSent) {
    if (last.writableFinished) due(!complete);
    else last.once("finish", () => due(!complete));
  } else if (last.socket === socket) due(false);
  else last.once("socket", () => whenDue(last, socket, due)); // given to it when the answers before have left
}

function bytesOf({ status, headers, body }: Answer): string {
  const all = {
    ...headers,
    date: new Date().toUTCString(),
    connection: "close",
    "content-length": String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`;
}
