import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import { encodeBase64 } from "../encoding/base64.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from "../encoding/json.ts";

/** The sections whose texts may refer to files. A rule's text that begins with `file:` is a claim's value. */
const SECTIONS: readonly string[] = ["evidence", "peers", "keys", "claims"];
/** Members whose files are never carried along. */
const SECRETS: readonly unknown[] = ["private_key", "pin"];

/**
 * Makes a configuration whole, for runtimes without files: what `file:` refers to is carried along as `data:`.
 * Private keys are never: they stay in a secret, which `env:` names.
 * @param document one that was checked
 */
export async function compileDocument(
  document: JsonObject,
  read: ReadResource,
): Promise<{ readonly document: JsonObject; readonly issues: readonly ConfigIssue[] }> {
  const issues: ConfigIssue[] = [];
  const members = Object.entries(document).map(
    async ([name, value]): Promise<[string, JsonValue]> => [
      name,
      SECTIONS.includes(name) ? await inline(value ?? null, [name], read, issues) : (value ?? null),
    ],
  );
  return { document: Object.fromEntries(await Promise.all(members)), issues };
}

async function inline(
  value: JsonValue,
  path: readonly (string | number)[],
  read: ReadResource,
  issues: ConfigIssue[],
): Promise<JsonValue> {
  if (typeof value === "string")
    return value.startsWith("file:") ? inlineFile(value, path, read, issues) : value;
  if (Array.isArray(value)) {
    return Promise.all(value.map((item, index) => inline(item, [...path, index], read, issues)));
  }
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(async ([key, member]): Promise<[string, JsonValue]> => [
    key,
    await inline(member ?? null, [...path, key], read, issues),
  ]);
  return Object.fromEntries(await Promise.all(members));
}

async function inlineFile(
  reference: string,
  path: readonly (string | number)[],
  read: ReadResource,
  issues: ConfigIssue[],
): Promise<string> {
  const refuse = (message: string): string => {
    issues.push({ path, message, severity: "error" });
    return reference;
  };
  const secret =
    "is a secret, which no compiled configuration holds: keep it in a secret and write env:NAME";
  if (SECRETS.includes(path[path.length - 1])) return refuse(secret);
  try {
    const bytes = await read(reference);
    return holdsPrivateKey(bytes) ? refuse(secret) : `data:;base64,${encodeBase64(bytes)}`;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return refuse(error.issues.map(({ message }) => message).join("; "));
  }
}

/** Whatever the file is called: PEM says what it is, and a private JWK has `d`, a secret one `k`. */
function holdsPrivateKey(bytes: Uint8Array): boolean {
  const text = utf8Decode(bytes);
  if (text === undefined) return false;
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return true;
  const json = parseJson(text);
  if (!json.ok) return false;
  const keys =
    isJsonObject(json.value) && Array.isArray(json.value["keys"])
      ? json.value["keys"]
      : [json.value];
  return keys.some((key) => isJsonObject(key) && ("d" in key || "k" in key));
}
