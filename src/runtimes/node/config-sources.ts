import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { utf8Decode } from "../../encoding/bytes.ts";
import { parseJson, type JsonValue } from "../../encoding/json.ts";

/** Where the compiled configuration of one trust domain comes from. */
export interface ConfigSource {
  /** As people call it. */
  readonly name: string;
  /** What its `file:` paths are relative to. */
  readonly folder: string;
  /** @throws SyntaxError, or where it cannot be read */
  readonly document: () => Promise<unknown>;
}

/** Nested deeper, no configuration is. */
const MAX_DEPTH = 64;

/**
 * @param setting `SVIDMINT_CONFIG`: the path of a configuration or its JSON text; for several trust domains a JSON array
 *   whose members are paths or configurations
 */
export function configSources(setting = "svidmint.json"): readonly ConfigSource[] {
  const text = setting.trimStart();
  if (text.startsWith("{"))
    return [held("SVIDMINT_CONFIG", async () => readStrictly("SVIDMINT_CONFIG", text))];
  if (!text.startsWith("[")) return [file(setting)];
  const members = readStrictly("SVIDMINT_CONFIG", text);
  if (!Array.isArray(members) || members.length === 0)
    throw new SyntaxError("SVIDMINT_CONFIG is an array without members");
  return members.map((member: unknown, index) =>
    typeof member === "string"
      ? file(member)
      : held(`SVIDMINT_CONFIG[${index}]`, async () => member),
  );
}

function file(path: string): ConfigSource {
  return {
    name: path,
    folder: dirname(path),
    document: async () => readStrictly(path, await readFile(path)),
  };
}

/** As `policy check` reads it: of two members of one name, such as two `deny`, none is taken for the right one. @throws SyntaxError */
function readStrictly(name: string, text: string | Uint8Array): JsonValue {
  const read = parseJson(text, { maxDepth: MAX_DEPTH });
  if (read.ok) return read.value;
  const { reason, detail = placeOfFault(text) ?? reason.replaceAll("_", " ") } = read.error;
  throw new SyntaxError(`${name}: ${detail}`);
}

/** What is no JSON at all has a place, which the strict reader does not tell. */
function placeOfFault(text: string | Uint8Array): string | undefined {
  try {
    JSON.parse(typeof text === "string" ? text : (utf8Decode(text) ?? ""));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : undefined;
  }
}

function held(name: string, document: () => Promise<unknown>): ConfigSource {
  return { name, folder: process.cwd(), document };
}
