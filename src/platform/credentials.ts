import { parseJsonObject, type JsonObject } from "../encoding/json.ts";
import { fetchBounded, type BoundedRequest } from "./http.ts";
import type { Platform } from "./platform.ts";
import type { AwsCredentials } from "./sigv4.ts";

/** Gives what a request to a cloud's service is authorised by: asked before each one. @throws CredentialError */
export type CredentialSource<T> = () => Promise<T>;

/** Nothing came of asking for credentials. The message never holds any. */
export class CredentialError extends Error {
  override readonly name = "CredentialError";
  /** It may come right by itself. */
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean) {
    super(message);
    this.retryable = retryable;
  }
}

export interface LastingCredentials<T> {
  readonly value: T;
  /** Unix seconds; absent where they do not end. */
  readonly expiresAt?: number;
}

/** What the sources of credentials need of the process. */
export interface CredentialDeps {
  readonly platform: Pick<Platform, "fetch" | "now">;
  /** Variables of the process. */
  readonly env: (name: string) => unknown;
  /** Reads `file:` references. */
  readonly read: (reference: string) => Promise<Uint8Array>;
  /** Clouds' own libraries, for the forms of credentials that our code does not know; a runtime may have none. */
  readonly libraries?: CloudLibraries;
}

/**
 * By cloud, what gives an access token for a scope; of Google, by a credential file, in which every URL was found to be
 * Google's; of AWS, keys, where profiles are configured. @throws CredentialError
 */
export interface CloudLibraries {
  readonly azure?: (scope: string) => Promise<LastingCredentials<string>>;
  readonly google?: (
    file: JsonObject,
    scope: string,
    deps: Pick<CredentialDeps, "platform">,
  ) => Promise<LastingCredentials<string>>;
  readonly aws?: () => Promise<LastingCredentials<AwsCredentials> | undefined>;
}

/**
 * From so long before their end, credentials are replaced, or for the last third of a short life; until the later
 * moment the old ones still serve.
 */
const EARLY_SECONDS = 300;
const EARLY_SHARE = 1 / 3;
const LAST_SECONDS = 10;
/** Where replacing fails, it is tried no more often. */
const RETRY_SECONDS = 10;
const MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 1500;

/**
 * Keeps credentials until shortly before their end. Nobody waits for what another request began: on Workers that may
 * never be told.
 */
export function keptCredentials<T>(
  platform: Pick<Platform, "now">,
  obtain: () => Promise<LastingCredentials<T>>,
): CredentialSource<T> {
  let held: LastingCredentials<T> | undefined;
  let replaceAt = 0;
  let retryAt = 0;
  return async () => {
    const now = platform.now();
    const { value, expiresAt = Infinity } = held ?? { expiresAt: -Infinity };
    if (value !== undefined && now < replaceAt) return value;
    const old = value !== undefined && now < expiresAt - LAST_SECONDS ? value : undefined;
    if (old !== undefined && now < retryAt) return old;
    retryAt = now + RETRY_SECONDS;
    try {
      held = await obtain();
      const { expiresAt: end = Infinity } = held;
      replaceAt = end - Math.min(EARLY_SECONDS, (end - now) * EARLY_SHARE);
      return held.value;
    } catch (error) {
      if (old !== undefined) return old;
      throw error;
    }
  };
}

/** A variable that is there and not empty. */
export function variable({ env }: Pick<CredentialDeps, "env">, name: string): string | undefined {
  const value = env(name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

type Asked = Pick<BoundedRequest, "method" | "headers" | "body" | "plainHosts">;

/** Asks a metadata service. @param service as messages name it. @throws CredentialError */
export async function askText(
  { platform }: Pick<CredentialDeps, "platform">,
  service: string,
  url: string,
  request: Asked = {},
): Promise<string> {
  const answer = await fetchBounded(platform, url, {
    ...request,
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code } = answer.error;
    throw new CredentialError(
      `${service} gives no credentials: ${code}`,
      code === "network" || code === "timeout",
    );
  }
  const { status, bytes } = answer.value;
  if (status !== 200)
    throw new CredentialError(
      `${service} gives no credentials: status ${status}`,
      status >= 500 || status === 429,
    );
  return new TextDecoder().decode(bytes);
}

/** As `askText`, for a JSON object. @throws CredentialError */
export async function askJson(
  deps: Pick<CredentialDeps, "platform">,
  service: string,
  url: string,
  request?: Asked,
): Promise<JsonObject> {
  const parsed = parseJsonObject(await askText(deps, service, url, request));
  if (parsed.ok) return parsed.value;
  throw malformed(service);
}

export function malformed(service: string): CredentialError {
  return new CredentialError(`${service} gives no credentials: its answer is malformed`, false);
}
