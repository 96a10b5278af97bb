import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { CredentialError, type LastingCredentials } from "../credentials.ts";
import type { AwsCredentials } from "../sigv4.ts";

/** What names no end may still be replaced in its file. */
const LASTING_SECONDS = 900;

/**
 * Credentials of the profile that `AWS_PROFILE` names, else of the default one, by AWS's own library: keys in the files
 * of `~/.aws`, IAM Identity Center, `credential_process`, roles that are assumed. The library is loaded where such a
 * file is there.
 * @throws CredentialError
 */
export async function awsProfile(
  env: NodeJS.ProcessEnv = process.env,
): Promise<LastingCredentials<AwsCredentials> | undefined> {
  const { AWS_PROFILE: profile = "" } = env;
  const files = [
    env["AWS_CONFIG_FILE"] ?? join(homedir(), ".aws/config"),
    env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(homedir(), ".aws/credentials"),
  ];
  if (profile === "" && !files.some((file) => existsSync(file))) return undefined;
  const { fromIni } = await import("./aws-library.ts");
  try {
    const found = await fromIni({ ignoreCache: true, ...(profile !== "" && { profile }) })();
    const end = found.expiration?.getTime() ?? Date.now() + LASTING_SECONDS * 1000;
    const { accessKeyId, secretAccessKey, sessionToken } = found;
    return {
      value: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      expiresAt: Math.floor(end / 1000),
    };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error("no error");
    // A file may be there for its region alone; a profile that was asked for by name has to do.
    if (profile === "" && message.startsWith("Could not resolve credentials using profile"))
      return undefined;
    // The message could hold what a file or a process said.
    const named = profile === "" ? "the default profile" : "the profile of AWS_PROFILE";
    throw new CredentialError(
      `${named} gives no AWS credentials`,
      name !== "CredentialsProviderError",
    );
  }
}
