import { chmod, unlink } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { StoreError } from "../store-error.ts";
import { answerTo } from "../admin-answers.ts";
import { MAX_QUESTION_BYTES, parseQuestion, type ClaimAdmin } from "../admin-protocol.ts";

const MAX_CONNECTIONS = 8;
const IDLE_MS = 30_000;

export function adminSocketPath(directory: string): string {
  return join(directory, "admin.sock");
}

/**
 * Lets operators' commands work on the claims of a server that runs, which alone may touch their file. A Unix
 * socket of mode 0600 in the store's own directory: whoever can open it could as well read the server's keys.
 * @param directory of the store, whose lock is held: a socket that lies there is a dead process's
 */
export async function serveAdmin(
  store: Omit<ClaimAdmin, "close">,
  directory: string,
): Promise<{ close(): Promise<void> }> {
  const path = adminSocketPath(directory);
  await unlink(path).catch(() => undefined);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, store);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, path);
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new StoreError("unavailable", listenFailure(path, error), { cause: error })),
    );
    server.listen(path, resolve);
  });
}

/** `sun_path` of unix(7) has room for 107 bytes, on macOS for 103. */
function listenFailure(path: string, error: NodeJS.ErrnoException): string {
  const hint = path.length > 100 ? ": give the store a shorter path" : "";
  return `cannot listen on ${path} (${error.code ?? "error"})${hint}`;
}

/** One question after another. What is no question ends the connection. */
function converse(socket: Socket, store: Omit<ClaimAdmin, "close">): void {
  let pending = "";
  let turn = Promise.resolve();
  socket.setEncoding("utf8");
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (text: string) => {
    pending += text;
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    if (pending.length > MAX_QUESTION_BYTES) socket.destroy();
    for (const line of lines) turn = turn.then(() => reply(socket, line, store));
  });
}

async function reply(
  socket: Socket,
  line: string,
  store: Omit<ClaimAdmin, "close">,
): Promise<void> {
  const question = parseQuestion(line);
  if (question === undefined) socket.destroy();
  else socket.write(`${JSON.stringify(await answerTo(question, store))}\n`);
}
