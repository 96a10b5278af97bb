import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { crc32c } from "../encoding/crc32c.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import type { CredentialSource } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import { askService, credentialsFrom, malformedAnswer } from "./service-request.ts";
import { SignerError } from "./signer.ts";

const SERVICE = "Google Cloud KMS";

/** Where and as whom Google Cloud KMS is asked. */
export interface GcpKmsAccess {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly platform: Platform;
  readonly credentials: CredentialSource<string>;
  /** The project whose quota a user's own credentials count against; service accounts have one. */
  readonly quotaProject: string | undefined;
}

/**
 * One method on one resource.
 * @param id of the key, as messages name it
 * @param method with the resource's name: `projects/…:asymmetricSign`
 * @throws SignerError
 * @see https://cloud.google.com/kms/docs/reference/rest
 */
export async function callGcpKms(
  { endpoint, platform, credentials, quotaProject }: GcpKmsAccess,
  id: string,
  method: string,
  body: string,
  timeoutMs: number,
): Promise<JsonObject> {
  const end = performance.now() + timeoutMs;
  const token = await credentialsFrom(credentials);
  const left = end - performance.now();
  // Nobody waits any more: nothing is signed for nobody.
  if (left <= 0)
    throw new SignerError("timeout", `there are no Google credentials for ${id} in time`);
  const { status, body: answer } = await askService(
    platform,
    SERVICE,
    id,
    `${endpoint}/v1/${method}`,
    {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        ...(quotaProject !== undefined && { "x-goog-user-project": quotaProject }),
      },
      body,
      timeoutMs: left,
    },
  );
  if (status === 200) return answer ?? malformedAnswer(SERVICE, id);
  throw refusal(id, status, answer?.["error"]);
}

/** @param error as all Google APIs tell one; what it says beside the name of its status is not repeated */
function refusal(id: string, status: number, error: JsonObject[string]): SignerError {
  const name = isJsonObject(error) ? error["status"] : undefined;
  const shown = typeof name === "string" && /^[A-Z_]{1,32}$/.test(name) ? ` ${name}` : "";
  const message = `${SERVICE} refuses ${id}: status ${status}${shown}`;
  if (status === 429) return new SignerError("throttled", message);
  return new SignerError(status >= 500 ? "unavailable" : "denied", message);
}

/** Bytes as a request has them: `{ data, dataCrc32c }`. 64-bit integers are strings in Google's JSON. */
export function withChecksum(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  return { [name]: encodeBase64(bytes), [`${name}Crc32c`]: checksum(bytes) };
}

export function checksum(bytes: Uint8Array): string {
  return String(crc32c(bytes));
}

/** @returns the bytes of an answer whose checksum is theirs. @throws SignerError `unsound` */
export function checkedBytes(answer: JsonObject, name: string, id: string): Uint8Array {
  const text = answer[name];
  const bytes = decodeBase64(typeof text === "string" ? text : "");
  if (!bytes.ok || bytes.value.length === 0)
    throw new SignerError("unsound", `${SERVICE} answered for ${id} with no ${name}`);
  if (answer[`${name}Crc32c`] !== checksum(bytes.value))
    throw new SignerError("unsound", `${SERVICE} answered for ${id} with a garbled ${name}`);
  return bytes.value;
}
