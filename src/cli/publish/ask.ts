import { ConfigError } from "../../config-issue.ts";
import { CredentialError, type CredentialSource } from "../../platform/credentials.ts";
import { fetchBounded, type BoundedRequest, type BoundedResponse } from "../../platform/http.ts";
import type { Platform } from "../../platform/platform.ts";
import { printable } from "../output.ts";
import { PublishError } from "./place.ts";

/** A document of ours, or what somebody else put in its place. */
const MAX_BYTES = 2 * 1024 * 1024;
const TIMEOUT_MS = 15_000;

/** Who asks is not known: no permission would help. */
const UNKNOWN_CALLER = [
  "SignatureDoesNotMatch",
  "InvalidAccessKeyId",
  "InvalidToken",
  "ExpiredToken",
  "ExpiredTokenException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "RequestTimeTooSkewed",
  "AuthenticationFailed",
  "authError",
];

type Asked = Pick<BoundedRequest, "method" | "headers" | "body">;

/**
 * One call of a service. @returns any status that means something
 * @throws PublishError `unavailable` for no answer, 429 and 5xx; `refused` for a redirect or an endless answer
 */
export async function askPlace(
  platform: Pick<Platform, "fetch">,
  name: string,
  url: string,
  request: Asked = {},
): Promise<BoundedResponse> {
  const answer = await fetchBounded(platform, url, {
    ...request,
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code, detail = code } = answer.error;
    const passing = code === "network" || code === "timeout";
    const hint = code === "redirect" ? ": is the region or the endpoint another?" : "";
    throw new PublishError(
      passing ? "unavailable" : "refused",
      `${name} gives no answer (${printable(detail)})${hint}`,
    );
  }
  const { status } = answer.value;
  if (status === 429 || status >= 500)
    throw new PublishError("unavailable", `${name} cannot answer now: status ${status}`);
  return answer.value;
}

/** @throws PublishError in place of what sources of credentials throw */
export async function obtained<T>(name: string, source: CredentialSource<T>): Promise<T> {
  try {
    return await source();
  } catch (error) {
    if (!(error instanceof CredentialError) && !(error instanceof ConfigError)) throw error;
    const passing = error instanceof CredentialError && error.retryable;
    throw new PublishError(
      passing ? "unavailable" : "denied",
      `${name}: ${printable(error.message)}`,
      { cause: error },
    );
  }
}

/**
 * What a service's refusal comes to.
 * @param code the service's own name of it
 * @param permission what these credentials lack, should that be it
 */
export function refusal(
  name: string,
  status: number,
  code: string | undefined,
  permission: string,
): PublishError {
  const shown = code !== undefined && /^[\w.]{1,64}$/.test(code) ? ` ${code}` : "";
  if (code !== undefined && UNKNOWN_CALLER.includes(code))
    return new PublishError(
      "denied",
      `${name} refuses (status ${status}${shown}): these credentials are not right, or have ended`,
    );
  if (status === 401 || status === 403)
    return new PublishError(
      "denied",
      `${name} refuses (status ${status}${shown}): these credentials lack ${permission}`,
    );
  if (status === 404)
    return new PublishError("missing", `${name} is not there (status 404${shown}): make it first`);
  return new PublishError("refused", `${name} refuses: status ${status}${shown}`);
}

/** The text of one element of an XML error. */
export function xmlCode({ bytes }: Pick<BoundedResponse, "bytes">): string | undefined {
  return /<Code>([\w.]{1,64})<\/Code>/.exec(new TextDecoder().decode(bytes))?.[1];
}
