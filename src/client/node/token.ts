import { readFile } from "node:fs/promises";
import { utf8Decode } from "../../encoding/bytes.ts";
import { decodeBase64url } from "../../encoding/base64.ts";
import { parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { SourceError } from "./source-error.ts";
import type { Environment } from "./sources/source.ts";

/** What the issuer takes of one token. */
const MAX_TOKEN = 16_384;

/** A compact JWS, whoever signed it. @param from where it came from, for the message. @throws SourceError */
export function tokenIn(text: string, from: string): string {
  const token = text.trim();
  if (token.length <= MAX_TOKEN && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
  throw new SourceError(
    token.length > MAX_TOKEN
      ? `${from} is longer than the ${MAX_TOKEN} bytes that an issuer takes`
      : `${from} is not a signed token (three parts with dots between)`,
  );
}

/** @throws SourceError with `fix` where the variable is not set */
export function tokenOfVariable(env: Environment, name: string, fix: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new SourceError(`${name} is not set: ${fix}`);
  return tokenIn(value, name);
}

/** @throws SourceError with `fix` where there is no such file */
export async function tokenOfFile(path: string, fix: string): Promise<string> {
  return tokenIn(await textOfFile(path, fix), path);
}

/** @throws SourceError with `fix` where it cannot be read */
export async function textOfFile(path: string, fix: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new SourceError(
      `${path} ${code === "ENOENT" ? "is not there" : `cannot be read (${code})`}: ${fix}`,
      { cause: error },
    );
  }
}

/** A text member of an answer in JSON. @throws SourceError */
export function memberOf(text: string, name: string, from: string): string {
  const json = parseJsonObject(text);
  const value = json.ok ? json.value[name] : undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new SourceError(`${from} answered without "${name}"`);
}

/** Claims of a token that nobody verified: for what the workload may know of itself, not for what to believe. */
export function claimsOf(token: string): JsonObject {
  const payload = decodeBase64url(token.split(".")[1] ?? "");
  const text = payload.ok ? utf8Decode(payload.value) : undefined;
  const claims = text === undefined ? undefined : parseJsonObject(text);
  return claims?.ok === true ? claims.value : {};
}
