import { parseJsonObject, type JsonObject } from "../encoding/json.ts";
import { CredentialError, type CredentialSource } from "../platform/credentials.ts";
import { fetchBounded } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import { StoreError } from "./store-error.ts";
import { within } from "../platform/within.ts";

/** One record in JSON, with what a service writes around it. */
const MAX_BYTES = 2 * 1024 * 1024;

export interface ServiceRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where there is none, or a refusal is no JSON. */
  readonly body: JsonObject;
}

/**
 * One call of a store's REST interface.
 * @param service as messages name it
 * @throws StoreError `unavailable` where there is no answer, or the service cannot answer now; `refused` where what
 * it says is not its protocol
 */
export async function askService(
  platform: Pick<Platform, "fetch">,
  service: string,
  { url, ...request }: ServiceRequest,
  timeoutMs: number,
): Promise<ServiceAnswer> {
  const answer = await fetchBounded(platform, url, {
    ...request,
    maxBytes: MAX_BYTES,
    timeoutMs,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code, detail = code } = answer.error;
    const passing = code === "network" || code === "timeout";
    throw new StoreError(
      passing ? "unavailable" : "refused",
      `${service} gives no answer: ${detail}`,
    );
  }
  const { status, headers, bytes } = answer.value;
  if (status === 429 || status >= 500)
    throw new StoreError("unavailable", `${service} cannot answer now: status ${status}`);
  if (bytes.length === 0) return { status, headers, body: {} };
  const body = parseJsonObject(bytes);
  if (body.ok) return { status, headers, body: body.value };
  // Whoever refuses before the service proper may do so in another form.
  if (status >= 400) return { status, headers, body: {} };
  throw malformedAnswer(service);
}

export function malformedAnswer(service: string): StoreError {
  return new StoreError("refused", `${service} gives no answer: it is malformed`);
}

/** What no retry mends: permissions, a table that is not there. @param code the service's own, where it is one */
export function refusal(service: string, status: number, code?: unknown): StoreError {
  const named = typeof code === "string" && /^\w{1,64}$/.test(code) ? ` ${code}` : "";
  return new StoreError("refused", `${service} refuses: status ${status}${named}`);
}

/** @throws StoreError in place of a CredentialError */
export async function credentialsOf<T>(source: CredentialSource<T>, timeoutMs: number): Promise<T> {
  try {
    return await within(
      source(),
      timeoutMs,
      () => new CredentialError("there are no credentials in time", true),
    );
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new StoreError(error.retryable ? "unavailable" : "refused", error.message, {
      cause: error,
    });
  }
}
