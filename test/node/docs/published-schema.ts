import { readFile } from "node:fs/promises";

const ROOT = new URL("../../../", import.meta.url);

export type Schema = Readonly<Record<string, unknown>>;

/** A JSON file of the repository. */
export async function publishedJson(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(new URL(path, ROOT), "utf8")) as Record<string, unknown>;
}

/** What each type of JSON Schema is. */
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isMap,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
};

/**
 * What keeps a value from being what a published JSON Schema says; empty where it is. Judges by the keywords that say which
 * members there are and of what type, and by no bounds.
 * @param parts what a `$ref` names by its last segment
 */
export function unfit(
  schema: Schema,
  value: unknown,
  parts: Readonly<Record<string, unknown>> = {},
  path = "",
): readonly string[] {
  const inside = (part: unknown, inner: unknown, key: number | string) =>
    unfit(part as Schema, inner, parts, `${path}/${key}`);
  const { $ref, type, properties = {}, required = [], additionalProperties, items } = schema;
  if (typeof $ref === "string") {
    const named = parts[$ref.slice($ref.lastIndexOf("/") + 1)];
    return named === undefined ? [`${path}: no such ${$ref}`] : unfit(named as Schema, value, parts, path);
  }
  const { anyOf, oneOf = anyOf, enum: values, const: only, pattern } = schema;
  if (Array.isArray(oneOf) && !oneOf.some((one) => unfit(one as Schema, value, parts, path).length === 0))
    return [`${path}: none of several`];
  if (typeof type === "string" && TYPES[type]?.(value) !== true) return [`${path}: no ${type}`];
  if (Array.isArray(values) && !values.includes(value)) return [`${path}: none of the values`];
  if (only !== undefined && only !== value) return [`${path}: another value`];
  if (typeof pattern === "string" && typeof value === "string" && !new RegExp(pattern, "u").test(value))
    return [`${path}: another form`];
  if (Array.isArray(value)) return value.flatMap((one, index) => inside(items ?? {}, one, index));
  if (!isMap(value)) return [];
  const missing = (required as string[]).filter((key) => !Object.hasOwn(value, key));
  const known = properties as Readonly<Record<string, unknown>>;
  return [
    ...missing.map((key) => `${path}/${key}: missing`),
    ...Object.entries(value).flatMap(([key, inner]) => {
      if (Object.hasOwn(known, key)) return inside(known[key], inner, key);
      if (additionalProperties === false) return [`${path}/${key}: unknown`];
      return isMap(additionalProperties) ? inside(additionalProperties, inner, key) : [];
    }),
  ];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
