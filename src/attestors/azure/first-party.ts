/**
 * Audiences that belong to Microsoft. Tokens for them lie about in every script and log that talks to Azure, and each
 * would be evidence: an audience of one's own is no use to anybody else.
 */

const DOMAINS = [
  "azure.com",
  "azure.net",
  "azure.us",
  "azure.cn",
  "chinacloudapi.cn",
  "windows.net",
  "microsoft.com",
  "microsoftonline.com",
  "microsoftonline.us",
  "usgovcloudapi.net",
  "azuresynapse.net",
  "azconfig.io",
  "loganalytics.io",
  "visualstudio.com",
  "dynamics.com",
  "office.com",
  "office365.com",
  "sharepoint.com",
] as const;

/** Domains below those where customers' own names stand. */
const CUSTOMERS = [".cloudapp.azure.com", ".onmicrosoft.com"] as const;

/** Application ids that serve as audiences too. */
const APPLICATIONS: ReadonlySet<string> = new Set([
  "797f4846-ba00-4fd7-ba43-dac1f8f63013", // Azure Resource Manager
  "00000003-0000-0000-c000-000000000000", // Microsoft Graph
  "00000002-0000-0000-c000-000000000000", // Azure AD Graph
  "e406a681-f3d4-42a8-90b6-c2b029497af1", // Storage
  "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", // Key Vault
  "022907d3-0f1b-48f7-badc-1ba6abab6d66", // SQL Database
  "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", // Databricks
  "fb60f99c-7a34-4190-8149-302f77469936", // token exchange
]);

export function isFirstParty(audience: string): boolean {
  const text = audience.toLowerCase();
  if (APPLICATIONS.has(text.replace(/^(?:api|spn):(?:\/\/)?/, ""))) return true;
  if (text.startsWith("api://azureadtokenexchange")) return true;
  const host = URL.canParse(text) ? new URL(text).hostname : text;
  if (CUSTOMERS.some((domain) => host.endsWith(domain))) return false;
  return DOMAINS.some((domain) => host === domain || host.endsWith(`.${domain}`));
}
