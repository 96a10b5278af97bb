import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { AZURE_ROOTS } from "../../../src/attestors/azure/imds-certificates.ts";
import { readYaml } from "../../../src/cli/config-document.ts";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { attestors } from "../../../src/runtimes/node/attestors.ts";

/** Around a part of a configuration that a page shows. */
const REST = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  evidence: {
    gcp_iit: { projects: ["payments-prod"], service_accounts: ["104512345678901234567"] },
    aws_iid: { accounts: ["111122223333", "444455556666"] },
    azure_msi: { tenants: ["6f0c0000-0000-4000-8000-000000000000"], audience: "api://svidmint" },
    oidc: {
      ci: { issuer: "https://ci.example.org", pin: "issuer" },
      fleet: { issuer: "https://fleet.example.org", pin: "aws_account" },
    },
  },
  single_instance: true,
  claims: { store: "file" },
  rules: [],
};

const DOCS = new URL("../../../docs/", import.meta.url);
/** Show parts of a section, a file that only its author has, and a request for a certificate. */
const OTHERWISE = new Set(["attestors/oidc.md", "attestors/sigstore.md", "signers/pkcs11.md"]);
const pagesIn = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, DOCS))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`)
    .filter((name) => !OTHERWISE.has(name));
const PAGES = [
  "policy.md",
  "configuration.md",
  "keys.md",
  "claims.md",
  ...["attestors", "signers", "stores"].flatMap(pagesIn),
];

/** What a page's configuration refers to: bundles, and certificates of a CA, whosever. */
async function read(reference: string): Promise<Uint8Array> {
  if (reference.endsWith(".bundle.json")) return utf8Encode('{"keys":[]}');
  if (!reference.endsWith(".pem")) throw new Error("no such file here");
  const der = decodeBase64(AZURE_ROOTS[0] ?? "");
  return utf8Encode(der.ok ? encodePem("CERTIFICATE", der.value) : "");
}

describe.each(PAGES)("docs/%s", (page) => {
  it("shows only what is read without errors", async () => {
    const text = await readFile(new URL(page, DOCS), "utf8");
    const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const { value, issues } = readYaml(utf8Encode(block));
      expect(issues).toEqual([]);
      const deps = {
        platform: nodePlatform(),
        registry: attestors,
        read,
      };
      const loaded = await loadConfig({ ...REST, ...Object(value) }, deps); // oxlint-disable-line no-await-in-loop -- one by one
      expect(loaded.issues.filter(({ severity }) => severity === "error")).toEqual([]);
    }
  });
});
