import { fail, ok, type Result } from "../result.ts";

/** Reads a header of the request, by its lower-case name. */
export type Header = (name: string) => string | null | undefined;

/** What the head alone can refuse: encodings that would be undone, a body that says itself that it is too large. */
export function checkBodyHead(header: Header, maxBytes: number): Result<void> {
  if (typeof header("content-encoding") === "string")
    return fail("content_encoding_unsupported", "send the body as it is, without Content-Encoding");
  const declared = header("content-length");
  return typeof declared === "string" && Number(declared) > maxBytes
    ? tooLarge(maxBytes)
    : ok(undefined);
}

/**
 * Reads a request's body, counting bytes. `Content-Length` may only refuse early: behind an in-process adapter
 * nothing guarantees that it is true, so what arrived is counted again.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Result<Uint8Array>> {
  try {
    const declared = request.headers.get("content-length");
    if (declared === null || !/^\d{1,9}$/.test(declared))
      return await readStream(request.body, maxBytes);
    const body = new Uint8Array(await request.arrayBuffer());
    return body.length > maxBytes ? tooLarge(maxBytes) : ok(body);
  } catch {
    return fail("body_incomplete"); // the sender went away: his business, no fault of ours
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Result<Uint8Array>> {
  if (stream === null) return ok(new Uint8Array());
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read(); // oxlint-disable-line no-await-in-loop -- a stream is read in order
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel(); // oxlint-disable-line no-await-in-loop -- leaves the loop
      return tooLarge(maxBytes);
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return ok(body);
}

export function tooLarge(maxBytes: number): Result<never> {
  return fail("body_too_large", `at most ${maxBytes} bytes`);
}
