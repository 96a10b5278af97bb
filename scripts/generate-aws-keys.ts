/**
 * Writes `src/attestors/aws/region-keys.ts`, the public keys that sign EC2 instance identity documents, from a
 * folder that holds AWS's published certificates as `aws-rsa2048/<region>.pem` and `aws-rsa1024/<region>.pem`.
 *
 *   node scripts/generate-aws-keys.ts FOLDER           write the table
 *   node scripts/generate-aws-keys.ts FOLDER --check   exit 1 if the committed table differs; 0 if FOLDER is absent
 *
 * Only the keys are kept. AWS re-issues certificates on the same keys, and a document outlives any certificate, so
 * validity dates are not looked at. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/regions-certs.html
 */
import { X509Certificate } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tableFromFolder } from "./table-from-folder.ts";

const OUTPUT = new URL("../src/attestors/aws/region-keys.ts", import.meta.url);

/** AWS names partitions by the first word or words of a region; anything else is a commercial region. */
function partitionOf(region: string): string {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("eusc-")) return "aws-eusc";
  if (/^[a-z]{2}-[a-z]+-\d$/.test(region)) return "aws";
  throw new Error(`no partition known for region ${region}`);
}

/** The modulus of each region's certificate in `folder`, base64. Files named `_…` belong to no region. */
function readModuli(folder: string, bits: number): Map<string, string> {
  const moduli = new Map<string, string>();
  for (const file of readdirSync(folder).toSorted()) {
    if (file.startsWith("_") || !file.endsWith(".pem")) continue;
    const { publicKey } = new X509Certificate(readFileSync(join(folder, file)));
    const { kty, n, e } = publicKey.export({ format: "jwk" });
    if (kty !== "RSA" || e !== "AQAB" || n === undefined)
      throw new Error(`${file}: not RSA with exponent 65537`);
    const modulus = Buffer.from(n, "base64url");
    if (modulus.length * 8 !== bits || (modulus[0] ?? 0) < 0x80)
      throw new Error(`${file}: not ${bits} bits`);
    moduli.set(file.slice(0, -".pem".length), modulus.toString("base64"));
  }
  return moduli;
}

function render(folder: string): string {
  const rsa2048 = readModuli(join(folder, "aws-rsa2048"), 2048);
  const rsa1024 = readModuli(join(folder, "aws-rsa1024"), 1024);
  if (new Set(rsa2048.values()).size !== rsa2048.size)
    throw new Error("two regions share an RSA-2048 key");
  const shared = [...new Set(rsa1024.values())];
  // With the small form a document's partition is believed though its region is not.
  for (const modulus of shared) {
    const regions = [...rsa1024.keys()].filter((region) => rsa1024.get(region) === modulus);
    if (new Set(regions.map(partitionOf)).size !== 1)
      throw new Error(`${regions.join(", ")}: one RSA-1024 key in two partitions`);
  }
  const regions = [...rsa2048].map(([region, modulus]) => {
    const small = rsa1024.get(region);
    if (small === undefined) throw new Error(`${region}: no RSA-1024 certificate`);
    return `  "${region}": {
    partition: "${partitionOf(region)}",
    rsa2048:
      "${modulus}",
    rsa1024: ${shared.indexOf(small)},
  },`;
  });
  return `// Written by scripts/generate-aws-keys.ts from the certificates AWS publishes; do not edit.

interface RegionKey {
  readonly partition: string;
  /** Modulus, base64; the exponent is 65537. */
  readonly rsa2048: string;
  /** Index into \`RSA1024_MODULI\`. */
  readonly rsa1024: number;
}

/** Keys of the \`signature\` form. Most commercial regions share one, so it cannot tell regions apart. */
export const RSA1024_MODULI: readonly string[] = [
${shared.map((modulus) => `  "${modulus}",`).join("\n")}
];

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/regions-certs.html */
export const REGION_KEYS: Readonly<Record<string, RegionKey>> = {
${regions.join("\n")}
};
`;
}

tableFromFolder(OUTPUT, render);
