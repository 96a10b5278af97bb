import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import type { CredentialSource } from "../platform/credentials.ts";
import { googleCredentials } from "../platform/google-credentials.ts";
import type { Platform } from "../platform/platform.ts";
import type { ClaimStore } from "./claim-store.ts";
import type { StoreDeps } from "./definition.ts";
import type { FirestoreConfig } from "./definitions.ts";
import { openOptimistic } from "./optimistic.ts";
import type { NextRecord, Records } from "./records.ts";
import { askService, credentialsOf, malformedAnswer, refusal } from "./service.ts";

const SERVICE = "Firestore";
const ENDPOINT = "https://firestore.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/datastore";
/** What is not there yet can only be made by somebody else; what is there can be changed or removed. */
const CONFLICTS_OF_CREATE = ["ALREADY_EXISTS", "ABORTED"];
const CONFLICTS_OF_CHANGE = ["FAILED_PRECONDITION", "NOT_FOUND", "ABORTED"];

/** One collection of one database, a document a record. @see https://cloud.google.com/firestore/docs/reference/rest */
export function openFirestore(config: FirestoreConfig, deps: StoreDeps): Promise<ClaimStore> {
  const { platform, readMounted: read = deps.read } = deps;
  const credentials = googleCredentials({ ...deps, read }, SCOPE);
  return openOptimistic(firestoreRecords(config, platform, credentials), deps);
}

export function firestoreRecords(
  config: Omit<FirestoreConfig, "store">,
  platform: Platform,
  credentials: CredentialSource<string>,
): Records {
  const { project, database = "(default)", collection = "svidmint", endpoint = ENDPOINT } = config;
  const documents = `${endpoint}/v1/projects/${project}/databases/${database}/documents/${collection}`;

  /** @returns undefined with one of the codes of `not` */
  async function call(
    method: string,
    name: string,
    parts: {
      readonly query?: Readonly<Record<string, string>>;
      readonly body?: JsonObject;
      readonly not: readonly string[];
    },
    timeoutMs: number,
  ): Promise<JsonObject | undefined> {
    const { query = {}, body, not } = parts;
    const search = new URLSearchParams(query).toString();
    const authorization = `Bearer ${await credentialsOf(credentials, timeoutMs)}`;
    const answer = await askService(
      platform,
      SERVICE,
      {
        method,
        url: `${documents}/${name}${search === "" ? "" : `?${search}`}`,
        headers: { authorization, ...(body && { "content-type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) }),
      },
      timeoutMs,
    );
    if (answer.status === 200) return answer.body;
    const { error } = answer.body;
    const code = isJsonObject(error) ? error["status"] : undefined;
    if (typeof code === "string" && not.includes(code)) return undefined;
    throw refusal(SERVICE, answer.status, code);
  }

  const read: Records["read"] = async (name, timeoutMs) => {
    const document = await call("GET", name, { not: ["NOT_FOUND"] }, timeoutMs);
    if (document === undefined) return undefined;
    const { updateTime: version, fields } = document;
    const data = isJsonObject(fields) ? fields["data"] : undefined;
    const text = isJsonObject(data) ? data["stringValue"] : undefined;
    if (typeof version !== "string" || typeof text !== "string") throw malformedAnswer(SERVICE);
    return { text, version };
  };

  return {
    read,
    /** That we may read. */
    async check(timeoutMs) {
      await read("check", timeoutMs);
    },
    async write(name, next, expected, timeoutMs) {
      const not = expected === undefined ? CONFLICTS_OF_CREATE : CONFLICTS_OF_CHANGE;
      const condition: Readonly<Record<string, string>> =
        expected === undefined
          ? { "currentDocument.exists": "false" }
          : { "currentDocument.updateTime": expected.version };
      const answer =
        next === undefined
          ? await call("DELETE", name, { query: condition, not }, timeoutMs)
          : // All fields are replaced; of the answer, which repeats the document, the smallest is asked for.
            await call(
              "PATCH",
              name,
              {
                query: { ...condition, "mask.fieldPaths": "expire_at" },
                body: { fields: fieldsOf(next) },
                not,
              },
              timeoutMs,
            );
      return answer !== undefined;
    },
  };
}

/** `expire_at` is for a Time-to-live policy, which nothing is decided by. */
function fieldsOf({ text, keepUntil }: NextRecord): JsonObject {
  return {
    data: { stringValue: text },
    ...(keepUntil !== undefined && {
      expire_at: { timestampValue: new Date(Math.ceil(keepUntil) * 1000).toISOString() },
    }),
  };
}
