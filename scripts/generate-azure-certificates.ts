/**
 * Writes `src/attestors/azure/imds-certificates.ts`, the roots and intermediates of the certificates that sign Azure's
 * attested documents, from a folder that holds them as PEM in `azure/roots/` and `azure/intermediates/`.
 *
 *   node scripts/generate-azure-certificates.ts FOLDER           write the table
 *   node scripts/generate-azure-certificates.ts FOLDER --check   exit 1 if the committed table differs; 0 if FOLDER is absent
 *
 * Roots are pinned here by fingerprint, whatever else lies beside them. Intermediates are taken if a root or another
 * taken certificate signed them, expired ones too: documents are judged as of their own time when a decision is
 * explained. Those that the table has already stay in it, so that a folder need only hold what is new. Source: https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details
 */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tableFromFolder } from "./table-from-folder.ts";

const OUTPUT = new URL("../src/attestors/azure/imds-certificates.ts", import.meta.url);

/** SHA-256 of DigiCert Global Root G2, Microsoft RSA Root Certificate Authority 2017, Microsoft TLS RSA Root G2. */
const ROOTS: readonly string[] = [
  "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
  "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
  "6a170583db584151e1c454eeca2a64cc5d8e484a5bd1156e720b4458654ee9e5",
];

function readFolder(folder: string): X509Certificate[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".pem"));
  return files.toSorted().map((file) => new X509Certificate(readFileSync(join(folder, file))));
}

function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(":", "").toLowerCase();
}

/** The intermediates of the table as it is. */
function committed(): X509Certificate[] {
  const text = existsSync(OUTPUT) ? readFileSync(OUTPUT, "utf8") : "";
  const list = text.slice(text.indexOf("AZURE_INTERMEDIATES"));
  return [...list.matchAll(/^ {2}"([A-Za-z0-9+/=]+)",$/gm)].map(
    ([, der = ""]) => new X509Certificate(Buffer.from(der, "base64")),
  );
}

function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((one) => [fingerprintOf(one), one])).values()];
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Those that lead to a root, each once. */
function reachable(
  roots: readonly X509Certificate[],
  given: readonly X509Certificate[],
): X509Certificate[] {
  const taken: X509Certificate[] = [];
  for (let grown = true; grown;) {
    const more = given.filter(
      (one) => !taken.includes(one) && [...roots, ...taken].some((issuer) => issued(issuer, one)),
    );
    taken.push(...more);
    grown = more.length > 0;
  }
  return taken.toSorted((a, b) => (labelOf(a) < labelOf(b) ? -1 : 1));
}

function labelOf(certificate: X509Certificate): string {
  const name = /CN=(.+)/.exec(certificate.subject)?.[1] ?? "";
  return `${name} ${fingerprintOf(certificate)}`;
}

function render(folder: string): string {
  const found = readFolder(join(folder, "azure/roots"));
  const roots = ROOTS.map((fingerprint) => {
    const root = found.find((one) => fingerprintOf(one) === fingerprint);
    if (root === undefined) throw new Error(`no root with SHA-256 ${fingerprint}`);
    return root;
  });
  const given = [...committed(), ...readFolder(join(folder, "azure/intermediates"))];
  const intermediates = reachable(roots, distinct(given));
  return `// Written by scripts/generate-azure-certificates.ts from the certificates Microsoft publishes; do not edit.

/** Pinned: nothing else is an anchor unless the configuration says so. DER, base64. */
export const AZURE_ROOTS: readonly string[] = [
${roots.map(lineOf).join("\n")}
];

/** Of the certificates that sign documents, cross-signed alternatives included. DER, base64. */
export const AZURE_INTERMEDIATES: readonly string[] = [
${intermediates.map(lineOf).join("\n")}
];
`;
}

function lineOf(certificate: X509Certificate): string {
  const end = new Date(certificate.validTo).toISOString().slice(0, 10);
  return `  // ${labelOf(certificate)} to ${end}
  "${certificate.raw.toString("base64")}",`;
}

tableFromFolder(OUTPUT, render);
