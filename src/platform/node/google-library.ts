import {
  ExternalAccountAuthorizedUserClient,
  IdentityPoolClient,
  PluggableAuthClient,
  UserRefreshClient,
  type AuthClient,
} from "google-auth-library";
import { isJsonObject, type JsonObject } from "../../encoding/json.ts";
import { CredentialError, type CredentialDeps, type LastingCredentials } from "../credentials.ts";
import { exchanged } from "../google-external-account.ts";

type Deps = Pick<CredentialDeps, "platform">;

/**
 * Google's own library, for the forms of a credential file that few deployments have: a user's of `gcloud`, external
 * accounts by a program or a certificate, workforce pools.
 * @throws CredentialError which holds nothing of what the library says: its errors carry whole requests
 */
export async function googleLibraryToken(
  file: JsonObject,
  scope: string,
  deps: Deps,
): Promise<LastingCredentials<string>> {
  const { type, credential_source: source } = file;
  // The library makes the token that vouches for us, and our own code exchanges it.
  if (type === "external_account" && isJsonObject(source) && "executable" in source)
    return exchanged(deps, file, scope, () => guarded(() => outputOf(file)));
  return guarded(() => tokenOf(clientFor(file, scope, deps)));
}

async function guarded<T>(ask: () => Promise<T | undefined>): Promise<T> {
  let shown = "";
  let passing = false;
  try {
    const got = await ask();
    if (got !== undefined) return got;
  } catch (error) {
    const status = statusOf(error);
    passing = status === undefined ? isLost(error) : status >= 500 || status === 429;
    if (status !== undefined) shown = `: status ${status}`;
  }
  throw new CredentialError(`google-auth-library gives no credentials${shown}`, passing);
}

async function tokenOf(
  client: AuthClient | undefined,
): Promise<LastingCredentials<string> | undefined> {
  const answer = await client?.getAccessToken();
  const end = client?.credentials.expiry_date;
  if (typeof answer?.token !== "string" || typeof end !== "number") return undefined;
  return { value: answer.token, expiresAt: Math.floor(end / 1000) };
}

/* oxlint-disable typescript/no-unsafe-type-assertion -- each looks at the members itself */
/** The library asks the operator's leave (`GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES`) before it runs the program. */
function outputOf(file: JsonObject): Promise<string> {
  const options: unknown = file;
  type Options = ConstructorParameters<typeof PluggableAuthClient>[0];
  return new PluggableAuthClient(options as Options).retrieveSubjectToken();
}

function clientFor(file: JsonObject, scope: string, { platform }: Deps): AuthClient | undefined {
  const transporterOptions = {
    fetchImplementation: (...[url, init]: Parameters<typeof fetch>) =>
      platform.fetch(url instanceof Request ? url.url : String(url), {
        ...init,
        redirect: "error",
      }),
  };
  if (file["type"] === "authorized_user") {
    const { client_id: id, client_secret: secret, refresh_token: refreshToken } = file;
    const options: unknown = { clientId: id, clientSecret: secret, refreshToken };
    return new UserRefreshClient({ ...(options as object), transporterOptions });
  }
  const options: unknown = { ...file, scopes: [scope], transporterOptions };
  type UserOptions = ConstructorParameters<typeof ExternalAccountAuthorizedUserClient>[0];
  if (file["type"] === "external_account_authorized_user")
    return new ExternalAccountAuthorizedUserClient(options as UserOptions);
  type PoolOptions = ConstructorParameters<typeof IdentityPoolClient>[0];
  return file["type"] === "external_account"
    ? new IdentityPoolClient(options as PoolOptions)
    : undefined;
}
/* oxlint-enable typescript/no-unsafe-type-assertion */

function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" ? status : undefined;
}

/** A connection, not the file: such errors have a code of the system's. */
function isLost(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}
