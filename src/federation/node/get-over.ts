import { request, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Err, Result } from "../../result.ts";
import { LIMITS, type FetchAnswer, type PeerError } from "../peer.ts";
import type { Redirect } from "../redirects.ts";

const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);

/**
 * One GET on a connection whose other end is known, which it ends.
 * @param etag of what is held
 * @returns `network` | `timeout` | `status` | `too_large` | `malformed`
 */
export async function getOver(
  socket: Socket,
  { host, pathname, search }: URL,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<Result<FetchAnswer | Redirect, PeerError>> {
  try {
    const answer = await answerTo(socket, host, pathname + search, etag, signal);
    const { statusCode, headers } = answer;
    if (REDIRECTS.has(statusCode)) return { ok: true, value: { location: headers.location } };
    if (statusCode === 304) return { ok: true, value: { status: 304 } };
    if (statusCode !== 200) return refuse("status", String(statusCode));
    if (headers["content-encoding"] !== undefined)
      return refuse("malformed", "an encoding that was not asked for");
    const bytes = await bodyOf(answer);
    if (bytes === undefined) return refuse("too_large");
    const { etag: tag } = headers;
    return { ok: true, value: { status: 200, bytes, ...(tag !== undefined && { etag: tag }) } };
  } catch (error) {
    if (signal.aborted) return refuse("timeout");
    return refuse("network", error instanceof Error && "code" in error ? String(error.code) : "");
  } finally {
    socket.destroy();
  }
}

function answerTo(
  socket: Socket,
  host: string,
  path: string,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = request({
      createConnection: () => socket, // and thereby no agent, which would look after sessions
      path,
      setHost: false,
      headers: {
        host,
        accept: "application/json",
        "accept-encoding": "identity",
        connection: "close",
        ...(etag !== undefined && { "if-none-match": etag }),
      },
      signal,
    });
    get.on("response", resolve);
    get.on("error", reject);
    get.on("upgrade", () => reject(new Error("an upgrade that nobody asked for")));
    get.on("close", () => reject(new Error("no answer")));
    get.end();
  });
}

/** @returns undefined where it is too large */
async function bodyOf(answer: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("not bytes");
    length += chunk.length;
    if (length > LIMITS.maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function refuse(code: PeerError["code"], detail?: string): Err<PeerError> {
  return {
    ok: false,
    error: detail === undefined || detail === "" ? { code } : { code, detail },
  };
}
