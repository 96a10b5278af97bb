import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders, type Ran } from "./run.ts";

/** Documents and tokens about machines, which AWS, Google and Microsoft signed. They lie beside the project. */
const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/", import.meta.url));
const present = existsSync(VECTORS);
if (!present) console.warn(`skipped: genuine evidence is not here (${VECTORS})`);
const folder = temporaryFolders();

const read = (name: string) => (present ? readFileSync(`${VECTORS}${name}`, "utf8").trim() : "");

/** A process for what must verify; what must fail differs in little, and goes without. */
async function attest(
  evidence: string,
  piece: object,
  at: string,
  run: typeof svidmint = svidmint,
): Promise<Ran> {
  const cwd = await folder();
  const head = "trust_domain: prod.example.org\nissuer: https://id.example.org";
  await writeFile(join(cwd, "svidmint.yaml"), `${head}\nevidence:\n  ${evidence}\nrules: []\n`);
  await writeFile(join(cwd, "evidence.json"), JSON.stringify(piece));
  return run(["attest", "evidence.json", "--at", at, "--json"], { cwd });
}

async function accepted(evidence: string, piece: object, at: string): Promise<unknown> {
  const ran = await attest(evidence, piece, at);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const answer: { verified: boolean; evidence: readonly unknown[] } = JSON.parse(ran.stdout);
  expect(answer.verified).toBe(true);
  return answer.evidence[0];
}

async function expectRefused(evidence: string, piece: object, at: string, reason: string) {
  const ran = await attest(evidence, piece, at, quickly);
  expect(ran.code).toBe(1);
  expect(json(ran)).toMatchObject({ verified: false, reason, code: "evidence_rejected" });
}

const ROLE =
  "4a9329d69c836267b18abbf9f4a38889124490453419e426818626348d21f989dc930b1562682a9082887454e53425aa";
const DEBUG = `aws_nitro: { pcr3: ["${ROLE}"], allow_debug: true }`;

describe.runIf(present)("svidmint attest on documents that AWS Nitro signed", () => {
  const vectors = [
    ["nitro-enclave/evervault-1-debug-mode", DEBUG, "2022-10-12T13:50:06Z", "enclave_debug"],
    ["nitro-enclave/evervault-3-ga", DEBUG, "2023-09-18T15:03:30Z", "enclave_debug"],
    [
      "nitro-enclave/veracruz-1",
      "aws_nitro: { anonymous_enclaves: true }",
      "2022-11-09T22:52:00Z",
      "enclave_anonymous",
    ],
    ["nitrotpm/live-1", "aws_nitro: { nitrotpm: true }", "2026-08-13T17:36:48Z", "nitrotpm"],
  ] as const;

  it.for(vectors)("%s verifies under %s", async ([name, section, at, kind]) => {
    const piece = { type: "aws_nitro", document: read(`${name}.b64`) };
    expect(await accepted(section, piece, at)).toMatchObject({
      binding: { kind: "none" },
      claims: { kind, instance_id: expect.stringMatching(/^i-[0-9a-f]{17}$/) },
    });
    const strict = `aws_nitro: { pcr3: ["${ROLE}"] }`;
    const reason = kind === "enclave_debug" ? "debug_mode" : "tenant_not_configured";
    await expectRefused(strict, piece, at, reason);
    await expectRefused(section, piece, "2027-01-01T00:00:00Z", "evidence_expired");
  });

  it("takes no enclave for a TPM, and no TPM for an enclave", async () => {
    const tpm = { type: "aws_nitro", document: read("nitrotpm/live-1.b64") };
    const enclave = { type: "aws_nitro", document: read("nitro-enclave/veracruz-1.b64") };
    const anonymous = "aws_nitro: { anonymous_enclaves: true }";
    await expectRefused(anonymous, tpm, "2026-08-13T17:36:48Z", "tenant_not_configured");
    const only = "aws_nitro: { nitrotpm: true }";
    await expectRefused(only, enclave, "2022-11-09T22:52:00Z", "tenant_not_configured");
  });

  it("knows every vector there is", () => {
    const names = ["nitro-enclave", "nitrotpm"].flatMap((name) => readdirSync(VECTORS + name));
    expect(names.filter((name) => name.endsWith(".b64"))).toHaveLength(vectors.length);
  });
});

describe.runIf(present)("svidmint attest on a Confidential Space token", () => {
  const piece = {
    type: "gcp_confidential_space",
    token: read("gcp-confidential-space/synddb-1-sev-debug.jwt"),
  };
  const at = "2025-12-02T20:36:57Z";
  const section = (rest: string) =>
    `gcp_confidential_space: { projects: [synd-db-testing], audience: "https://synddb-sequencer.example.com", ` +
    `jwks: "file:${VECTORS}gcp-confidential-space/google-cs-historical-jwks.json"${rest} }`;

  it("verifies as what it is, of a debug image", async () => {
    expect(await accepted(section(", allow_debug: true"), piece, at)).toMatchObject({
      binding: { kind: "audience" },
      claims: { kind: "debug", project_id: "synd-db-testing" },
    });
  });

  it("is refused where debug images are", async () => {
    await expectRefused(section(""), piece, at, "debug_mode");
  });
});

describe.runIf(present)("svidmint attest on a token of Microsoft Azure Attestation", () => {
  const piece = {
    type: "azure_maa",
    token: read("azure-maa/vanlaere-1-azurevm-sevsnp.jwt"),
  };
  const at = "2022-12-23T23:01:00Z";
  const section = (name: string) =>
    `azure_maa: { providers: ["https://${name}.attest.azure.net"], jwks: { "https://${name}.attest.azure.net": ` +
    `"file:${VECTORS}azure-maa/maa-sharedweu-historical-jwks.json" } }`;

  it("verifies as a shared provider's, bound to nobody's key", async () => {
    expect(await accepted(section("sharedweu.weu"), piece, at)).toMatchObject({
      binding: { kind: "none" },
      claims: { kind: "shared", vm_id: "6506b531-1634-431e-99d2-42b7d3414ad0" },
    });
  });

  it("is refused where its provider is not configured", async () => {
    await expectRefused(section("sharedeus.eus"), piece, at, "issuer_not_configured");
  });
});
