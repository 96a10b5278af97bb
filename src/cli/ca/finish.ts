import type { CertificateIssue } from "../../svid/signing-certificate.ts";
import { decodePem } from "../../encoding/pem.ts";
import type { ExitCode } from "../errors.ts";
import { writeAllNew } from "../files.ts";
import { describeCertificates } from "../inspect/certificate.ts";
import { printDescriptions, type Description } from "../inspect/description.ts";
import { print, printable, printError, printJson } from "../output.ts";
import type { Draft } from "./sign.ts";

export const CA_OPTIONS = {
  out: {
    type: "string",
    valueHint: "FILE",
    description: "write the certificate there, PEM; never over a file that is there",
  },
  "dry-run": { type: "boolean", description: "show what would be signed, and sign nothing" },
  json: { type: "boolean", description: "print JSON" },
} as const;

/** What would be signed, put into words. */
export async function printDraft({ certificate, issues }: Draft, json: boolean): Promise<ExitCode> {
  const described = await inWords([certificate.raw]);
  const bad = issues.some(({ severity }) => severity === "error");
  if (json) {
    printJson({ signed: false, certificate: described[0]?.data, problems: issues });
    return bad ? 2 : 0;
  }
  printDescriptions(described.map((one) => ({ ...one, notes: ["nothing was signed"] })));
  for (const { severity, message } of issues) print(printable(`  ${severity}: ${message}`));
  return bad ? 2 : 0;
}

/** The certificate to its file, or to standard output. */
export async function finish(
  pem: string,
  issues: readonly CertificateIssue[],
  { out, json }: { readonly out?: string | undefined; readonly json?: boolean | undefined },
): Promise<ExitCode> {
  if (out !== undefined) await writeAllNew([{ path: out, content: pem }], false);
  for (const { severity, message } of issues) printError(printable(`${severity}: ${message}`));
  const blocks = decodePem(pem, "CERTIFICATE");
  const described = await inWords(blocks.ok ? blocks.value : []);
  if (json === true) {
    printJson({
      signed: true,
      ...(out !== undefined && { file: out }),
      certificate: described[0]?.data,
      certificate_pem: pem,
      problems: issues,
    });
  } else if (out === undefined) {
    print(pem.trimEnd());
  } else {
    print(printable(`wrote ${out}`));
    printDescriptions(described.map((one) => ({ ...one, notes: [] })));
  }
  return 0;
}

async function inWords(ders: readonly Uint8Array[]): Promise<readonly Description[]> {
  const described = await describeCertificates(ders);
  if (!described.ok) throw new Error(described.error.reason);
  return described.value;
}
