import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../encoding/bytes.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { azureCredentials } from "../platform/azure-credentials.ts";
import type { CredentialSource } from "../platform/credentials.ts";
import { hmacSha256 } from "../platform/hmac.ts";
import type { Platform } from "../platform/platform.ts";
import type { ClaimStore } from "./claim-store.ts";
import type { StoreDeps } from "./definition.ts";
import type { AzureTableConfig } from "./definitions.ts";
import { openOptimistic } from "./optimistic.ts";
import type { NextRecord, Records } from "./records.ts";
import { askService, credentialsOf, malformedAnswer, refusal } from "./service.ts";
import { StoreError } from "./store-error.ts";

const SERVICE = "Azure Table Storage";
const RESOURCE = "https://storage.azure.com/";
const VERSION = "2020-12-06";
/** A property holds 64 KiB of UTF-16, an entity 255 of them. */
const PART_LENGTH = 32_000;

/** What lets us in: the account's key, a shared access signature, or tokens of a managed identity. */
export type AzureAccess =
  | { readonly key: Uint8Array }
  | { readonly sas: string }
  | { readonly token: CredentialSource<string> };

/** One table of one storage account, an entity a record. @see https://learn.microsoft.com/en-us/rest/api/storageservices/table-service-rest-api */
export async function openAzureTable(
  config: AzureTableConfig,
  deps: StoreDeps,
): Promise<ClaimStore> {
  const { account, table, endpoint = `https://${account}.table.core.windows.net` } = config;
  const access = await accessOf(config, deps);
  return openOptimistic(
    azureTableRecords({ account, table, endpoint }, deps.platform, access),
    deps,
  );
}

async function accessOf(config: AzureTableConfig, deps: StoreDeps): Promise<AzureAccess> {
  const secret = async (reference: string): Promise<string> =>
    (utf8Decode(await deps.read(reference)) ?? "").trim();
  if (config.sas !== undefined) return { sas: (await secret(config.sas)).replace(/^\?/, "") };
  if (config.key === undefined) {
    const { readMounted = deps.read } = deps;
    return { token: azureCredentials({ ...deps, read: readMounted }, RESOURCE, config.client_id) };
  }
  const key = decodeBase64(await secret(config.key));
  if (!key.ok) throw new StoreError("refused", `${config.key} is no key of a storage account`);
  return { key: key.value };
}

export function azureTableRecords(
  place: { readonly account: string; readonly table: string; readonly endpoint: string },
  platform: Platform,
  access: AzureAccess,
): Records {
  const { account, table, endpoint } = place;

  /** @returns undefined with one of the statuses and codes that are awaited; the entity, if there is one in it */
  async function call(
    method: string,
    path: string,
    parts: { readonly etag?: string; readonly body?: JsonObject; readonly not?: readonly string[] },
    timeoutMs: number,
  ): Promise<JsonObject | undefined> {
    const url = new URL(`${endpoint}/${path}`);
    const date = new Date(platform.now() * 1000).toUTCString();
    const authorization = await authorizationFor(`${date}\n/${account}${url.pathname}`, timeoutMs);
    if ("sas" in access) url.search = access.sas;
    const { status, headers, body } = await askService(
      platform,
      SERVICE,
      {
        method,
        url: url.toString(),
        headers: {
          accept: "application/json;odata=minimalmetadata",
          dataserviceversion: "3.0;NetFx",
          "x-ms-date": date,
          "x-ms-version": VERSION,
          ...(authorization !== undefined && { authorization }),
          ...(parts.etag !== undefined && { "if-match": parts.etag }),
          ...(parts.body && { "content-type": "application/json", prefer: "return-no-content" }),
        },
        ...(parts.body && { body: JSON.stringify(parts.body) }),
      },
      timeoutMs,
    );
    if (status >= 200 && status < 300) return body;
    const { "odata.error": error } = body;
    const code = isJsonObject(error) ? error["code"] : headers.get("x-ms-error-code");
    if (typeof code === "string" && parts.not?.includes(code) === true) return undefined;
    throw refusal(SERVICE, status, code);
  }

  /** Shared Key Lite signs the date and the path alone; it is sent over TLS only. */
  async function authorizationFor(signed: string, timeoutMs: number): Promise<string | undefined> {
    if ("sas" in access) return undefined;
    if ("token" in access) return `Bearer ${await credentialsOf(access.token, timeoutMs)}`;
    const signature = await hmacSha256(platform, access.key, utf8Encode(signed));
    return `SharedKeyLite ${account}:${encodeBase64(signature)}`;
  }

  const entity = (name: string): string => `${table}(PartitionKey='${name}',RowKey='')`;
  const read: Records["read"] = async (name, timeoutMs) => {
    const found = await call("GET", entity(name), { not: ["ResourceNotFound"] }, timeoutMs);
    if (found === undefined) return undefined;
    const { "odata.etag": version } = found;
    const text = textIn(found);
    if (typeof version !== "string" || text === "") throw malformedAnswer(SERVICE);
    return { text, version };
  };

  return {
    read,
    /** That the table is there, and may be read. */
    async check(timeoutMs) {
      await read("check", timeoutMs);
    },
    async write(name, next, expected, timeoutMs) {
      const body = next && { PartitionKey: name, RowKey: "", ...propertiesOf(next) };
      if (expected === undefined) {
        if (body === undefined) return true;
        const parts = { body, not: ["EntityAlreadyExists"] };
        return (await call("POST", table, parts, timeoutMs)) !== undefined;
      }
      const not = ["UpdateConditionNotSatisfied", "ResourceNotFound"];
      const parts = { etag: expected.version, not, ...(body && { body }) };
      const method = body === undefined ? "DELETE" : "PUT";
      return (await call(method, entity(name), parts, timeoutMs)) !== undefined;
    },
  };
}

/** `keep_until` is for whoever clears the table out: the service forgets nothing by itself. */
function propertiesOf({ text, keepUntil }: NextRecord): JsonObject {
  const properties: Record<string, string | number> = {};
  for (let part = 0; part * PART_LENGTH < text.length; part++)
    properties[`data${part}`] = text.slice(part * PART_LENGTH, (part + 1) * PART_LENGTH);
  if (keepUntil !== undefined) properties["keep_until"] = Math.ceil(keepUntil);
  return properties;
}

function textIn(entity: JsonObject): string {
  let text = "";
  for (let part = 0; ; part++) {
    const value = entity[`data${part}`];
    if (typeof value !== "string") return text;
    text += value;
  }
}
