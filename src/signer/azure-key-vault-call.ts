import { decodeBase64url } from "../encoding/base64.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../encoding/json.ts";
import type { CredentialSource } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import { KeyService } from "./key-service.ts";
import { askService, credentialsFrom, malformedAnswer } from "./service-request.ts";
import { SignerError } from "./signer.ts";

const SERVICE = "Azure Key Vault";
/** All clouds and Managed HSM have it. */
const API_VERSION = "7.4";

/** One operation of a key on octets. @throws SignerError */
export type VaultOperation = (
  operation: "sign" | "unwrapkey",
  request: { readonly alg: string; readonly value: string },
) => Promise<Uint8Array>;

interface VaultKey {
  /** The key's identifier, version included: what answers have to name. */
  readonly kid: string;
  /** Where it is reached: the same, but for a simulation. */
  readonly url: string;
  readonly platform: Platform;
  readonly credentials: CredentialSource<string>;
}

/**
 * Calls of one key, for one use of it. The challenge by which Key Vault names whom it wants a token for is not read.
 * @see https://learn.microsoft.com/en-us/rest/api/keyvault/keys/sign/sign
 * @see https://learn.microsoft.com/en-us/rest/api/keyvault/keys/unwrap-key/unwrap-key
 */
export function vaultOperation(key: VaultKey): (id: string) => VaultOperation {
  return (id) => {
    const service = new KeyService(`the key service of ${id}`);
    return async (operation, request) => {
      const body = JSON.stringify(request);
      const answer = await service.call((timeoutMs) => ask(id, operation, body, timeoutMs, key));
      if (answer["kid"] !== key.kid)
        throw new SignerError("unsound", `${SERVICE} answered for ${id} with another key`);
      const { value } = answer;
      const bytes = decodeBase64url(typeof value === "string" ? value : "");
      if (!bytes.ok || bytes.value.length === 0)
        throw new SignerError("unsound", `${SERVICE} answered for ${id} with no value`);
      return bytes.value;
    };
  };
}

async function ask(
  id: string,
  operation: string,
  body: string,
  timeoutMs: number,
  { url, platform, credentials }: VaultKey,
): Promise<JsonObject> {
  const end = performance.now() + timeoutMs;
  const token = await credentialsFrom(credentials);
  const left = end - performance.now();
  // Nobody waits any more: nothing is signed for nobody.
  if (left <= 0) throw new SignerError("timeout", `there is no Azure token for ${id} in time`);
  const { status, body: answer } = await askService(
    platform,
    SERVICE,
    id,
    `${url}/${operation}?api-version=${API_VERSION}`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body,
      timeoutMs: left,
    },
  );
  if (status === 200) return answer ?? malformedAnswer(SERVICE, id);
  throw refusal(id, operation, status, answer?.["error"]);
}

/**
 * Of the error only the service's own names are repeated (`Forbidden`, within it `KeyDisabled` or `ForbiddenByPolicy`).
 * @see https://learn.microsoft.com/en-us/azure/key-vault/general/rest-error-codes
 */
function refusal(
  id: string,
  operation: string,
  status: number,
  error: JsonValue | undefined,
): SignerError {
  const outer = isJsonObject(error) ? error : {};
  const inner = outer["innererror"] ?? outer["innerError"];
  const names = shownName(outer["code"]) + shownName(isJsonObject(inner) ? inner["code"] : "");
  const message = `${SERVICE} refuses ${operation} for ${id}: status ${status}${names}`;
  const code = status === 429 ? "throttled" : status >= 500 ? "unavailable" : "denied";
  return new SignerError(code, message);
}

function shownName(code: JsonValue | undefined): string {
  return typeof code === "string" && /^[A-Za-z]{1,64}$/.test(code) ? ` ${code}` : "";
}
