import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders } from "./run.ts";

/** Documents that Azure signed. They lie beside the project and are never part of it. */
const SHARED = fileURLToPath(new URL("../../../../shared/", import.meta.url));
const VECTORS = `${SHARED}vectors/azure-imds/`;
const TRUST = `${SHARED}trust-roots/azure/`;
const present = existsSync(VECTORS);
if (!present) console.warn(`skipped: genuine evidence is not here (${VECTORS})`);

const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
const folder = temporaryFolders();
const names = present
  ? readdirSync(VECTORS).flatMap((file) => /^(.+)\.pkcs7\.b64$/.exec(file)?.[1] ?? [])
  : [];

interface Document {
  readonly subscriptionId?: string;
  readonly vmId: string;
  readonly timeStamp: { readonly createdOn: string };
}

function vector(name: string): { signature: string; document: Document; created: number } {
  const signature = readFileSync(`${VECTORS}${name}.pkcs7.b64`, "utf8").trim();
  const text = Buffer.from(signature, "base64").toString("latin1");
  const from = Math.max(text.indexOf('{"licenseType"'), text.indexOf('{"nonce"'));
  const document: Document = JSON.parse(
    text.slice(from, text.indexOf('"}', text.indexOf('"vmId"', from)) + 2),
  );
  return { signature, document, created: Date.parse(document.timeStamp.createdOn) / 1000 };
}

/** @param old believes the root that has left, too */
async function attest(name: string, at: number, old: boolean, run = quickly, as?: string) {
  const { signature, document } = vector(name);
  const intermediates = readdirSync(`${TRUST}intermediates`)
    .filter((file) => /_IT_TLS_CA_|Microsoft_RSA_TLS_CA_/.test(file))
    .map((file) => `file:${TRUST}intermediates/${file}`);
  const cwd = await folder();
  const azure_imds = {
    subscriptions: { [as ?? document.subscriptionId ?? TENANT]: TENANT },
    ...(old && { intermediates, roots: `file:${TRUST}roots/Baltimore_CyberTrust_Root.pem` }),
  };
  const configuration = {
    trust_domain: "prod.example.org",
    issuer: "https://id.example.org",
    evidence: { azure_imds },
    rules: [],
  };
  await writeFile(join(cwd, "svidmint.yaml"), JSON.stringify(configuration));
  await writeFile(join(cwd, "evidence.json"), JSON.stringify({ type: "azure_imds", signature }));
  return run(["attest", "evidence.json", "--at", String(at), "--json"], { cwd });
}

describe.runIf(present)("svidmint attest on documents that Azure signed", () => {
  it.for(names.filter((name) => /-20(?:2[3-6])-|coder-(?:2026|rsa)/.test(name)))(
    "%s verifies with what is built in",
    async (name) => {
      const { document, created } = vector(name);
      const run = name === "coder-2026-eastus" ? svidmint : quickly;
      const ran = await attest(name, created + 60, false, run);
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(json(ran)).toMatchObject({
        verified: true,
        evidence: [
          {
            binding: { kind: "none" },
            claims: {
              cloud: "public",
              subscription: document.subscriptionId,
              tenant: TENANT,
              vm_id: document.vmId,
            },
          },
        ],
      });
      for (const [at, as, reason] of [
        [created + 21_660, undefined, "evidence_expired"],
        [created + 60, TENANT, "tenant_not_configured"],
      ] as const) {
        const refused = await attest(name, at, false, quickly, as); // oxlint-disable-line no-await-in-loop -- two
        expect(refused.code).toBe(1);
        expect(json(refused)).toMatchObject({ verified: false, reason });
      }
    },
  );

  it.for(names.filter((name) => /-20(?:21|22)-|coder-regular/.test(name)))(
    "%s verifies with the root of its time, and not without",
    async (name) => {
      const at = vector(name).created + 60;
      expect((await attest(name, at, true)).code).toBe(0);
      const without = await attest(name, at, false);
      expect(json(without)).toMatchObject({ reason: "certificate_chain_invalid" });
    },
  );

  it.for([
    ["taskcluster-2019-12-13", "claim_missing"],
    ["taskcluster-BAD-signature-tampered", "claim_missing"],
    ["taskcluster-BAD-selfsigned-metadata.azure.org", "claim_value"],
    ["msdocs-1", "claim_missing"],
  ] as const)("%s is refused", async ([name, reason]) => {
    const ran = await attest(name, vector(name).created + 20, true);
    expect(ran.code).toBe(1);
    expect(json(ran)).toMatchObject({ verified: false, reason, code: "evidence_rejected" });
  });

  it("knows every vector there is", () => {
    expect(names).toHaveLength(15);
  });
});
