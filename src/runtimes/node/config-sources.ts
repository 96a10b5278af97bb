import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Where the compiled configuration of one trust domain comes from. */
export interface ConfigSource {
  /** As people call it. */
  readonly name: string;
  /** What its `file:` paths are relative to. */
  readonly folder: string;
  /** @throws SyntaxError, or where it cannot be read */
  readonly document: () => Promise<unknown>;
}

/**
 * @param setting `SVIDMINT_CONFIG`: the path of a configuration or its JSON text; for several trust domains a JSON array
 *   whose members are paths or configurations
 */
export function configSources(setting = "svidmint.json"): readonly ConfigSource[] {
  const text = setting.trimStart();
  if (text.startsWith("{"))
    return [held("SVIDMINT_CONFIG", async (): Promise<unknown> => JSON.parse(text))];
  if (!text.startsWith("[")) return [file(setting)];
  const members: unknown = JSON.parse(text);
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
    document: async (): Promise<unknown> => JSON.parse(await readFile(path, "utf8")),
  };
}

function held(name: string, document: () => Promise<unknown>): ConfigSource {
  return { name, folder: process.cwd(), document };
}
