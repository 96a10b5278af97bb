import { ask, METADATA_MS } from "../ask.ts";
import { azureMetadata, NOT_AZURE } from "../azure-metadata.ts";
import { SourceError } from "../source-error.ts";
import { tokenIn } from "../token.ts";
import type { Environment, EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

/** Where it is not the virtual machine's own service, Azure's library knows from the environment. */
const ELSEWHERE = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_FEDERATED_TOKEN_FILE"] as const;

/** @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
export const source: EvidenceSource = {
  type: "azure_msi",
  about:
    "The access token of a managed identity: virtual machine, App Service, Functions, Container Apps, AKS. Its audience is an application registered with Entra, and it names no key: the first key that uses it owns it.",
  audience: "registered",
  options: {
    "client-id": { value: "ID", about: "which of several assigned identities" },
  },
  examples: [
    {
      does: "of one of several identities",
      options: "--client-id c88229ce-c5e4-48bf-b649-c490c6e8f343",
    },
  ],
  detect: (env) => set(env, ...ELSEWHERE),
  async fetch({ env, audience, options }) {
    const resource = await audience();
    if (set(env, ...ELSEWHERE) === undefined) await mustAnswer(env);
    const clientId = options["client-id"];
    // Imported only here and now: no other command pays for it.
    const { ManagedIdentityCredential } = await import("@azure/identity");
    const credential = new ManagedIdentityCredential({
      ...(clientId !== undefined && { clientId }),
      retryOptions: { maxRetries: 1 },
    });
    const token = await credential.getToken(resource).catch((error: unknown) => {
      throw new SourceError(
        "Azure gave no token: the machine or app needs a managed identity (name one of several with --client-id), and the tenant an application with this very audience",
        { cause: error },
      );
    });
    return { token: tokenIn(token.token, "Azure's answer") };
  },
};

/** The library itself would try for a minute where there is no such service. @throws SourceError */
async function mustAnswer(env: Environment): Promise<void> {
  const base = azureMetadata(env);
  const answer = await ask({
    url: `${base}/identity/oauth2/token`,
    headers: { metadata: "true" },
    timeoutMs: METADATA_MS,
  });
  if (typeof answer === "string")
    throw new SourceError(`${new URL(base).host} ${answer}: ${NOT_AZURE}`);
}
