import { clientToken, type ClientProof } from "./azure-client-token.ts";
import { managedIdentityToken } from "./azure-managed-identity.ts";
import {
  CredentialError,
  keptCredentials,
  variable,
  type CredentialDeps,
  type CredentialSource,
  type LastingCredentials,
} from "./credentials.ts";

/** Values of `AZURE_TOKEN_CREDENTIALS` that mean somebody's own login, in lower case. */
const DEVELOPER = [
  "dev",
  "azureclicredential",
  "azuredeveloperclicredential",
  "azurepowershellcredential",
  "visualstudiocodecredential",
];

/**
 * Access tokens of what the process runs as, looked for in the order of Azure's own libraries: the application that
 * variables name, by its secret or certificate; workload identity (AKS); a managed identity. A developer's own login
 * serves only where `AZURE_TOKEN_CREDENTIALS` asks for it.
 * @param resource whom the token is for: never taken from an answer
 * @param clientId of a user-assigned identity, before `AZURE_CLIENT_ID`; the system-assigned one if there is neither
 * @see https://learn.microsoft.com/en-us/javascript/api/overview/azure/identity-readme#environment-variables
 */
export function azureCredentials(
  deps: CredentialDeps,
  resource: string,
  clientId?: string,
): CredentialSource<string> {
  const scope = `${resource.replace(/\/$/, "")}/.default`;
  const id = clientId ?? variable(deps, "AZURE_CLIENT_ID");
  return keptCredentials(deps.platform, async () => {
    const asLibrary = libraryForm(deps);
    if (asLibrary !== undefined) return libraryToken(deps, scope, asLibrary);
    const proof = await clientProof(deps);
    if (proof === undefined) return managedIdentityToken(deps, resource, id);
    const tenant = variable(deps, "AZURE_TENANT_ID");
    if (id === undefined || tenant === undefined) {
      const missing = id === undefined ? "AZURE_CLIENT_ID" : "AZURE_TENANT_ID";
      throw new CredentialError(`${missing} is not set, which the others of Azure need`, false);
    }
    return clientToken(deps, scope, { id, tenant }, proof);
  });
}

/** @returns the variable that asks for what only Azure's library does */
function libraryForm(deps: CredentialDeps): string | undefined {
  if (variable(deps, "AZURE_CLIENT_SECRET") !== undefined) return undefined;
  if (variable(deps, "AZURE_CLIENT_CERTIFICATE_PATH") !== undefined)
    return "AZURE_CLIENT_CERTIFICATE_PATH";
  const wanted = variable(deps, "AZURE_TOKEN_CREDENTIALS")?.trim().toLowerCase();
  return wanted !== undefined && DEVELOPER.includes(wanted) ? "AZURE_TOKEN_CREDENTIALS" : undefined;
}

async function libraryToken(
  { libraries }: CredentialDeps,
  scope: string,
  name: string,
): Promise<LastingCredentials<string>> {
  const { azure } = libraries ?? {};
  if (azure !== undefined) return azure(scope);
  throw new CredentialError(`this runtime has nothing that reads ${name}`, false);
}

async function clientProof(deps: CredentialDeps): Promise<ClientProof | undefined> {
  const secret = variable(deps, "AZURE_CLIENT_SECRET");
  if (secret !== undefined) return { secret };
  const file = variable(deps, "AZURE_FEDERATED_TOKEN_FILE");
  if (file === undefined) return undefined;
  // Kubernetes replaces it every hour or so.
  return { assertion: new TextDecoder().decode(await deps.read(`file:${file}`)).trim() };
}
