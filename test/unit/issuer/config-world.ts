import { portableAttestors } from "../../../src/attestors/registry.ts";
import { ConfigError } from "../../../src/config-issue.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

export type Json = Record<string, unknown>;

export const read = (): Promise<Uint8Array> =>
  Promise.reject(
    new ConfigError([{ path: [], message: "there is no such file", severity: "error" }]),
  );
export const platform = webCryptoPlatform();
export const ACCOUNT = "111122223333";

export const GOOD_RULE: Json = {
  name: "vm",
  evidence: { gcp_iit: { project_id: "payments-prod" } },
  spiffe_id: "/vm/{gcp_iit.instance_id}",
  x509: { ttl: "1h" },
};

export const GOOD: Json = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  evidence: { gcp_iit: { projects: ["payments-prod"] } },
  rules: [GOOD_RULE],
};

export async function load(
  parts: Json,
  base: Json = GOOD,
): Promise<{ usable: boolean; errors: string[]; warnings: string[] }> {
  const document = Object.fromEntries(
    Object.entries({ ...base, ...parts }).filter(([, value]) => value !== undefined),
  );
  return loadDocument(document);
}

export async function loadDocument(
  document: unknown,
): Promise<{ usable: boolean; errors: string[]; warnings: string[] }> {
  const { config, issues } = await loadConfig(document, {
    platform,
    registry: portableAttestors,
    read,
  });
  const lines = (wanted: string) =>
    issues
      .filter(({ severity }) => severity === wanted)
      .map(({ path, message }) => `${path.join(".")}: ${message}`);
  return { usable: config !== undefined, errors: lines("error"), warnings: lines("warning") };
}

export const IID = { aws_iid: { accounts: [ACCOUNT] } };
export const IID_RULE = [
  {
    name: "vm",
    evidence: { aws_iid: { account: ACCOUNT } },
    spiffe_id: "/vm/{aws_iid.instance_id}",
    x509: {},
  },
];
export const KEY = {
  id: "k",
  backend: "local",
  private_key: "env:KEY",
  certificate: "file:x.pem",
  published_at: "2026-01-01T00:00:00Z",
};
