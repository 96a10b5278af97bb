import { parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { ConfigError } from "../../config-issue.ts";
import { CredentialError, variable, type CredentialSource } from "../../platform/credentials.ts";
import { fetchBounded } from "../../platform/http.ts";
import { signAwsRequest, type AwsCredentials } from "../../platform/sigv4.ts";
import { printable } from "../output.ts";
import { KeyServiceError, type AdminDeps } from "./key-admin.ts";

const TYPE = "application/x-amz-json-1.1";
const MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 15_000;
const DENIED = [
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
];

/** As `AWS_ENDPOINT_URL_KMS` says, AWS's own variable, else the region's public one. */
export function awsKmsUrl(region: string, env: AdminDeps["env"]): string {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return variable({ env }, "AWS_ENDPOINT_URL_KMS") ?? `https://kms.${region}.${suffix}/`;
}

export interface AwsDeps extends AdminDeps {
  readonly credentials: CredentialSource<AwsCredentials>;
}

/**
 * One operation of AWS KMS.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 * @throws KeyServiceError
 */
export async function callAwsKms(
  operation: string,
  parameters: Readonly<Record<string, unknown>>,
  region: string,
  deps: AwsDeps,
): Promise<JsonObject> {
  const url = awsKmsUrl(region, deps.env);
  const { host, pathname: path } = new URL(url);
  const body = JSON.stringify(parameters);
  const headers = { "content-type": TYPE, "x-amz-target": `TrentService.${operation}` };
  const signed = await signAwsRequest(
    deps.platform,
    { method: "POST", host, path, headers: Object.entries(headers), body },
    await obtained(deps.credentials),
    { region, service: "kms", now: deps.platform.now() },
  );
  const answer = await fetchBounded(deps.platform, url, {
    method: "POST",
    headers: { ...headers, ...signed.headers },
    body,
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code, detail = code } = answer.error;
    throw new KeyServiceError(`AWS KMS in ${region} gives no answer: ${detail}`, false);
  }
  const parsed = parseJsonObject(answer.value.bytes);
  if (answer.value.status === 200 && parsed.ok) return parsed.value;
  throw refusal(operation, answer.value.status, parsed.ok ? parsed.value["__type"] : undefined);
}

/** @param type the service's own name of the failure; its message could quote the request */
function refusal(operation: string, status: number, type: unknown): KeyServiceError {
  const name = typeof type === "string" ? type.slice(type.indexOf("#") + 1) : "";
  const shown = /^\w{1,64}$/.test(name) ? ` ${name}` : "";
  const denied = DENIED.includes(name) || status === 403;
  const advice: Readonly<Record<string, string>> = {
    AccessDeniedException: `: these credentials lack kms:${operation}`,
    NotFoundException: ": there is no such key in that region",
    KMSInvalidStateException: ": the key is disabled or about to be deleted",
    DisabledException: ": the key is disabled",
    UnsupportedOperationException: ": the key is of another kind (KeySpec, KeyUsage)",
  };
  return new KeyServiceError(
    `AWS KMS refuses ${operation}: status ${status}${shown}${advice[name] ?? ""}`,
    denied,
  );
}

/** @throws KeyServiceError */
async function obtained<T>(source: CredentialSource<T>): Promise<T> {
  try {
    return await source();
  } catch (error) {
    if (!(error instanceof CredentialError) && !(error instanceof ConfigError)) throw error;
    throw new KeyServiceError(printable(error.message), false, { cause: error });
  }
}
