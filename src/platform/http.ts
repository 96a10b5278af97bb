import { concatBytes } from "../encoding/bytes.ts";
import { ok, type Err, type Result } from "../result.ts";
import { bufferSource } from "./buffer-source.ts";
import type { Platform } from "./platform.ts";

export interface BoundedRequest {
  /** Most bytes of body that are read, counted after any Content-Encoding is undone. */
  readonly maxBytes: number;
  /** For all of it: connection, headers and the last byte of the body. */
  readonly timeoutMs: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Admits `http:` to this very machine (development, emulators); else `https:` alone. */
  readonly allowLoopbackHttp?: boolean;
  /** Admits `http:` to these hosts as well: metadata services, which have no other. As `URL` gives a hostname. */
  readonly plainHosts?: readonly string[];
}

export interface BoundedResponse {
  /** Any status that is not a redirect: the caller says which ones it takes. */
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/**
 * `url_forbidden`: never sent. `redirect`: refused, whatever it points to. `network`: no answer, or one cut short.
 * `detail` is the runtime's error code (`ECONNREFUSED`), where it has one.
 */
export interface HttpFailure {
  readonly code: "url_forbidden" | "redirect" | "too_large" | "timeout" | "network";
  readonly detail?: string;
  /** Where a redirect points to, as it says: for a caller that may follow, and nobody else. */
  readonly location?: string;
}

/**
 * One outbound call that can neither run on, nor fill memory, nor be led elsewhere.
 * A status is an answer, not a failure; nothing is retried.
 */
export async function fetchBounded(
  platform: Pick<Platform, "fetch">,
  url: string,
  request: BoundedRequest,
): Promise<Result<BoundedResponse, HttpFailure>> {
  if (!mayFetch(url, request)) return failure("url_forbidden");
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Raced, not only signalled: that a runtime's body stream heeds the signal is not taken on trust.
  const late = new Promise<Err<HttpFailure>>((resolve) => {
    timer = setTimeout(() => {
      resolve(failure("timeout"));
      abort.abort();
    }, request.timeoutMs);
  });
  try {
    return await Promise.race([late, exchange(platform, url, request, abort.signal)]);
  } finally {
    clearTimeout(timer);
  }
}

async function exchange(
  platform: Pick<Platform, "fetch">,
  url: string,
  request: BoundedRequest,
  signal: AbortSignal,
): Promise<Result<BoundedResponse, HttpFailure>> {
  try {
    const response = await platform.fetch(url, {
      method: request.method ?? "GET",
      // Workers know no "error" and Node's "manual" shows the 3xx as it is: so "manual" and our own refusal.
      redirect: "manual",
      signal,
      ...(request.headers && { headers: { ...request.headers } }),
      ...(request.body !== undefined && {
        body: typeof request.body === "string" ? request.body : bufferSource(request.body),
      }),
    });
    if (isRedirect(response)) {
      await response.body?.cancel();
      const location = response.headers.get("location");
      return { ok: false, error: { code: "redirect", ...(location !== null && { location }) } };
    }
    const bytes = await readBounded(response.body, request.maxBytes, signal);
    if (bytes === undefined) return failure("too_large");
    return ok({ status: response.status, headers: response.headers, bytes });
  } catch (error) {
    return failure("network", codeOf(error));
  }
}

/** 304 answers a conditional request and leads nowhere. */
function isRedirect(response: Response): boolean {
  const { status } = response;
  return (
    (status >= 300 && status < 400 && status !== 304) ||
    response.redirected ||
    response.type === "opaqueredirect"
  );
}

/** @returns undefined as soon as one byte too many has come; the rest is never asked for. */
async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined));
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 && chunks[0] ? chunks[0] : concatBytes(...chunks);
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}

/** `https:` without user information, or `http:` to the hosts for which that is asked. */
function mayFetch(url: string, { allowLoopbackHttp, plainHosts = [] }: BoundedRequest): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password, hostname } = new URL(url);
  if (username !== "" || password !== "") return false;
  if (protocol === "https:") return true;
  if (protocol !== "http:") return false;
  return (allowLoopbackHttp === true && isLoopbackHost(hostname)) || plainHosts.includes(hostname);
}

/** @param hostname as `URL` gives it: lower case, IPv4 in four decimal numbers, IPv6 in brackets */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function failure(code: HttpFailure["code"], detail?: string): Err<HttpFailure> {
  return { ok: false, error: detail === undefined ? { code } : { code, detail } };
}

/** The code alone: the message may quote the URL, whose query could hold a credential. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : undefined;
}
