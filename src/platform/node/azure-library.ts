import { DefaultAzureCredential, EnvironmentCredential } from "@azure/identity";
import { CredentialError, type LastingCredentials } from "../credentials.ts";

/**
 * By Azure's own library: an application's certificate, or the developer's login that `AZURE_TOKEN_CREDENTIALS` names.
 * It reads the process's own variables.
 * @throws CredentialError that says no more than what kind of failure it was
 */
export async function azureLibraryToken(scope: string): Promise<LastingCredentials<string>> {
  const options = { retryOptions: { maxRetries: 1 } };
  const certificate = process.env["AZURE_CLIENT_CERTIFICATE_PATH"];
  try {
    const credential =
      certificate === undefined || certificate === ""
        ? new DefaultAzureCredential(options)
        : new EnvironmentCredential(options);
    const token = await credential.getToken(scope);
    return { value: token.token, expiresAt: token.expiresOnTimestamp / 1000 };
  } catch (error) {
    const name = error instanceof Error ? error.name : "Error";
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
    const passing = typeof status === "number" && (status >= 500 || status === 429);
    throw new CredentialError(`@azure/identity gives no credentials: ${name}`, passing);
  }
}
