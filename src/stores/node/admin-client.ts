import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { StoreError } from "../store-error.ts";
import {
  parseAnswer,
  recordFrom,
  type Answer,
  type ClaimAdmin,
  type Question,
} from "./admin-protocol.ts";
import { adminSocketPath } from "./admin-socket.ts";
import { openFileStore } from "./file.ts";

const TIMEOUT_MS = 10_000;

/**
 * The claims of a file store, for an operator's command: through the server where one runs, else the file itself.
 * @throws StoreError
 */
export async function openClaimAdmin(directory: string): Promise<Required<ClaimAdmin>> {
  const socket = await connected(adminSocketPath(directory));
  return socket === undefined ? openFileStore({ directory }) : adminClient(socket);
}

/** @returns undefined where nobody listens */
function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else
        reject(
          new StoreError("unavailable", `${path}: ${error.code ?? "error"}`, { cause: error }),
        );
    });
  });
}

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: StoreError) => void;
}

function adminClient(socket: Socket): Required<ClaimAdmin> {
  const waiting = new Map<number, Waiting>();
  let count = 0;
  const end = (message: string): void => {
    socket.destroy();
    for (const { reject } of waiting.values()) reject(new StoreError("unavailable", message));
    waiting.clear();
  };
  socket.on("error", () => end("the connection to the server failed"));
  socket.on("close", () => end("the server closed the connection"));
  const lines = createInterface({ input: socket });
  lines.on("error", () => undefined); // the socket's own, told once more
  lines.on("line", (line) => {
    const answer = parseAnswer(line);
    if (answer === undefined) return end("the server's answer is of another version of svidmint");
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    const { error } = answer;
    if (error === undefined) asked?.resolve(answer);
    else asked?.reject(new StoreError(error.code, error.message));
  });

  function ask(question: Unnumbered<Question>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const id = ++count;
      const timer = setTimeout(() => end("the server does not answer"), TIMEOUT_MS);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      if (socket.destroyed) end("the connection to the server is closed");
      else socket.write(`${JSON.stringify({ id, ...question })}\n`);
    });
  }

  return {
    async show(key) {
      const { record } = await ask({ op: "show", key });
      return record && recordFrom(record);
    },
    async list() {
      const { records = [] } = await ask({ op: "list" });
      return records.map(recordFrom);
    },
    async assign(key, owner, now, ttl) {
      await ask({ op: "assign", key, owner, now, ttl });
    },
    async release(key, options) {
      // What only requests do is not for operators to ask.
      if (options?.unusedBy !== undefined) throw new TypeError("unusedBy is not for commands");
      const { owner } = options ?? {};
      const { done } = await ask({ op: "release", key, ...(owner !== undefined && { owner }) });
      return done === true;
    },
    async ban(key, now) {
      await ask({ op: "ban", key, now });
    },
    async close() {
      socket.end();
      end("closed");
    },
  };
}
