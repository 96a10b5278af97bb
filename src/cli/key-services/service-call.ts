import { ConfigError } from "../../config-issue.ts";
import { decodeBase64, decodeBase64url } from "../../encoding/base64.ts";
import { parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { CredentialError, type CredentialSource } from "../../platform/credentials.ts";
import { fetchBounded } from "../../platform/http.ts";
import { printable } from "../output.ts";
import { KeyServiceError, type AdminDeps } from "./key-admin.ts";

const MAX_BYTES = 256 * 1024;
/** An operator waits, and what makes keys takes its time. */
const TIMEOUT_MS = 15_000;

export interface ServiceRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** @returns status and JSON of an answer, whatever it says. @throws KeyServiceError where there is none */
export async function callService(
  { platform }: Pick<AdminDeps, "platform">,
  service: string,
  { url, ...request }: ServiceRequest,
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const answer = await fetchBounded(platform, url, {
    ...request,
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code, detail = code } = answer.error;
    throw new KeyServiceError(`${service} gives no answer: ${printable(detail)}`, false);
  }
  const parsed = parseJsonObject(answer.value.bytes);
  return { status: answer.value.status, body: parsed.ok ? parsed.value : {} };
}

/** @throws KeyServiceError */
export async function obtained<T>(source: CredentialSource<T>): Promise<T> {
  try {
    return await source();
  } catch (error) {
    if (!(error instanceof CredentialError) && !(error instanceof ConfigError)) throw error;
    throw new KeyServiceError(printable(error.message), false, { cause: error });
  }
}

/**
 * @param name the service's own of the failure; what it says beside it could repeat the request
 * @param advice by that name
 */
export function refusal(
  what: string,
  { status, name = "" }: { readonly status: number; readonly name?: unknown },
  denied: boolean,
  advice: Readonly<Record<string, string>> = {},
): KeyServiceError {
  const known = typeof name === "string" && /^\w{1,64}$/.test(name) ? name : "";
  const shown = known === "" ? "" : ` ${known}`;
  const told = Object.hasOwn(advice, known) ? (advice[known] ?? "") : "";
  const missing = status === 404;
  return new KeyServiceError(`${what}: status ${status}${shown}${told}`, denied, { missing });
}

/** @throws KeyServiceError where there are none */
export function bytesIn(
  answer: JsonObject,
  name: string,
  what: string,
  form: "base64" | "base64url" = "base64",
): Uint8Array {
  const text = answer[name];
  const decode = form === "base64" ? decodeBase64 : decodeBase64url;
  const bytes = decode(typeof text === "string" ? text : "");
  if (!bytes.ok || bytes.value.length === 0) throw malformed(what);
  return bytes.value;
}

export function malformed(what: string): KeyServiceError {
  return new KeyServiceError(`${what}: the answer is something else`, false);
}
