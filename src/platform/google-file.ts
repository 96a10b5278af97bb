import { ConfigError } from "../config-issue.ts";
import { CredentialError, type CredentialDeps } from "./credentials.ts";
import type { Platform } from "./platform.ts";

/** Names a file in one of Google's forms, or holds the JSON itself. */
export const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

export interface GoogleCredentialDeps extends Omit<CredentialDeps, "platform"> {
  readonly platform: Pick<Platform, "fetch" | "now" | "digest" | "importPrivateKey" | "sign">;
}

/** What the variable, or the file that it names, points to. @throws CredentialError */
export async function readNamed(
  { read }: Pick<GoogleCredentialDeps, "read">,
  path: string,
): Promise<Uint8Array> {
  try {
    return await read(`file:${path}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [issue] = error.issues;
    throw new CredentialError(`${VARIABLE}: ${issue?.message ?? "cannot be read"}`, false);
  }
}

/** Nothing was sent. @param what is wrong with the file: never what is in it */
export function unusable(what: string): CredentialError {
  return new CredentialError(`${VARIABLE}: ${what}`, false);
}
