import { ConfigError } from "../config-issue.ts";
import { parseJsonObject, type JsonObject } from "../encoding/json.ts";
import { CredentialError, type CredentialSource } from "../platform/credentials.ts";
import { fetchBounded, type BoundedRequest } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import { SignerError } from "./signer.ts";

/** An answer is a few kilobytes at most. */
const MAX_BYTES = 64 * 1024;

type Asked = Pick<BoundedRequest, "method" | "headers" | "body" | "timeoutMs">;

/**
 * One request of a key service that speaks JSON.
 * @param service as messages name it
 * @param id of the key, likewise
 * @returns the status with the body, which is undefined where it is not a JSON object; nothing of it may be repeated in
 *   a message but names from a closed list
 * @throws SignerError where no answer came
 */
export async function askService(
  platform: Pick<Platform, "fetch">,
  service: string,
  id: string,
  url: string,
  request: Asked,
): Promise<{ readonly status: number; readonly body: JsonObject | undefined }> {
  const answer = await fetchBounded(platform, url, {
    ...request,
    maxBytes: MAX_BYTES,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code, detail = code } = answer.error;
    const kind = code === "timeout" ? "timeout" : code === "network" ? "unavailable" : "denied";
    throw new SignerError(kind, `${service} gives no answer for ${id}: ${detail}`);
  }
  const { status, bytes } = answer.value;
  const parsed = parseJsonObject(bytes);
  return { status, body: parsed.ok ? parsed.value : undefined };
}

/** @throws SignerError always */
export function malformedAnswer(service: string, id: string): never {
  throw new SignerError("denied", `${service} gives no answer for ${id}: it is malformed`);
}

/** Credentials for a call of a key service. @throws SignerError where there are none */
export async function credentialsFrom<T>(source: CredentialSource<T>): Promise<T> {
  try {
    return await source();
  } catch (error) {
    // A file that a variable names may be missing.
    if (!(error instanceof CredentialError) && !(error instanceof ConfigError)) throw error;
    const passing = error instanceof CredentialError && error.retryable;
    throw new SignerError(passing ? "unavailable" : "denied", error.message, { cause: error });
  }
}
