import { request as overHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as overHttps } from "node:https";
import { SourceError } from "./source-error.ts";

/** Anything that gives out evidence answers far shorter. */
const MAX_BYTES = 262_144;
const TIMEOUT_MS = 10_000;
/** A metadata service is on the very machine, so that where there is one it answers at once. */
export const METADATA_MS = 1_000;

export interface Question {
  /** With `socket`, only its path and query count. */
  readonly url: string;
  /** A Unix socket to ask instead of the host. */
  readonly socket?: string;
  readonly method?: "GET" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it, down to the last byte. */
  readonly timeoutMs?: number;
  /** PEM: certificate authorities in place of the usual ones. */
  readonly ca?: string;
}

export interface Answer {
  /** Any status; a redirect is one of them and is not followed. */
  readonly status: number;
  readonly text: string;
}

/**
 * One question to a metadata service or token endpoint. No proxy, no redirect, no retry: what comes from elsewhere
 * is not this machine's evidence. @returns in words why there is no answer
 */
export async function ask(question: Question): Promise<Answer | string> {
  const { url, socket, method = "GET", body, timeoutMs = TIMEOUT_MS, ca } = question;
  if (!URL.canParse(url) || !/^https?:/.test(url)) return "is not a URL";
  const signal = AbortSignal.timeout(timeoutMs);
  const options: RequestOptions & { ca?: string } = {
    method,
    agent: false,
    signal,
    headers: {
      ...question.headers,
      ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
    },
    ...(socket !== undefined && { socketPath: socket }),
    ...(ca !== undefined && { ca }),
  };
  try {
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.startsWith("https:") && socket === undefined ? overHttps : overHttp;
      send(url, options, resolve).on("error", reject).end(body);
    });
    const text = await read(incoming);
    if (text !== undefined) return { status: incoming.statusCode ?? 0, text };
    incoming.destroy();
    return "answered too much";
  } catch (error) {
    return signal.aborted ? `did not answer within ${timeoutMs / 1000} s` : inWords(error);
  }
}

/** As `ask`, where nothing but an answer of status 200 or 201 will do. @throws SourceError */
export async function obtain(
  question: Question,
  advice: (status: number | undefined) => string,
): Promise<string> {
  const answer = await ask(question);
  if (typeof answer === "string")
    throw new SourceError(`${nameOf(question)} ${answer}: ${advice(undefined)}`);
  if (answer.status !== 200 && answer.status !== 201)
    throw new SourceError(
      `${nameOf(question)} answered ${answer.status}: ${advice(answer.status)}`,
    );
  return answer.text;
}

/** Host and path; never the query, which may hold a credential. */
function nameOf({ url, socket }: Question): string {
  if (socket !== undefined) return socket;
  return URL.canParse(url) ? new URL(url).host + new URL(url).pathname : "the address given";
}

async function read(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function inWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: "refused the connection",
    ENOTFOUND: "has no address here",
    EAI_AGAIN: "has no address here",
    EHOSTUNREACH: "cannot be reached from here",
    ENETUNREACH: "cannot be reached from here",
    ECONNRESET: "broke off",
    ENOENT: "is not there",
    EACCES: "may not be opened by this user",
  };
  return words[code] ?? `could not be asked${code === "" ? "" : ` (${code})`}`;
}
