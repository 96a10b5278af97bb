import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { StoreError } from "../store-error.ts";
import { parseAnswer, type Answer, type ClaimAdmin } from "../admin-protocol.ts";
import { claimsAsked, type NewQuestion } from "../admin-questions.ts";
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

  function ask(question: NewQuestion): Promise<Answer> {
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

  return claimsAsked(ask, () => {
    socket.end();
    end("closed");
  });
}
