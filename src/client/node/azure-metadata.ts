import { ask, METADATA_MS } from "./ask.ts";
import type { Environment } from "./sources/source.ts";

export const NOT_AZURE =
  "this is not an Azure virtual machine, or a container or firewall rule keeps it from the metadata service";

/** `AZURE_POD_IDENTITY_AUTHORITY_HOST` means what it means to Azure's own libraries. */
export function azureMetadata(env: Environment): string {
  const host = env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] ?? "http://169.254.169.254";
  return `${host.replace(/\/+$/, "")}/metadata`;
}

/** Whether the instance metadata service is there: any answer of its own will do. */
export async function seeAzure(env: Environment): Promise<boolean> {
  const answer = await ask({
    url: `${azureMetadata(env)}/instance/compute/azEnvironment?api-version=2021-02-01&format=text`,
    headers: { metadata: "true" },
    timeoutMs: METADATA_MS,
  });
  return typeof answer !== "string" && answer.status === 200 && /^Azure/i.test(answer.text);
}
