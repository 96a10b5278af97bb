import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SHARED = fileURLToPath(new URL("../../../shared/", import.meta.url));
const present = existsSync(`${SHARED}vectors`);
if (!present) console.warn(`skipped: what others signed and collected is not here (${SHARED})`);

/**
 * What tests read beside the project, and how many files of it there are at least. Each of them skips itself where it
 * finds nothing, so that a folder which is lost or moved would be missed by nobody.
 */
const READ = {
  "trust-roots": [".pem", 153],
  "vectors/aws-iid": [".json", 10],
  "vectors/aws-outbound-jwt": [".jwt", 1],
  "vectors/aws-sts": [".json", 1],
  "vectors/azure-imds": [".b64", 15],
  "vectors/azure-maa": [".jwt", 1],
  "vectors/azure-msi": [".jwt", 3],
  "vectors/gcp-confidential-space": [".jwt", 1],
  "vectors/gcp-iit": [".jwt", 4],
  "vectors/k8s": [".jwt", 3],
  "vectors/nitro-enclave": [".b64", 3],
  "vectors/nitrotpm": [".b64", 1],
  "vectors/oidc": [".jwt", 2],
  "vectors/third-party": [".tar.gz", 3],
  "vectors/third-party/attestation-docs": [".b64", 3],
  "vectors/third-party/aws-sigv4": [".txt", 342],
  "vectors/third-party/badkeys": [".key", 20],
  "vectors/third-party/boringssl-parse_certificate_unittest": [".pem", 103],
  "vectors/third-party/boringssl-verify_signed_data_unittest": [".pem", 32],
  "vectors/third-party/jose-cookbook": [".json", 14],
  "vectors/third-party/naughty-strings": [".json", 1],
  "vectors/third-party/spiffe": [".json", 3],
  "vectors/third-party/wycheproof": [".json", 17],
  "vectors/third-party/x509-limbo": [".json", 3],
} as const;

describe.runIf(present)("what tests read of ../shared", () => {
  it.each(Object.entries(READ))("%s is there", (folder, [ending, least]) => {
    const files = existsSync(SHARED + folder)
      ? readdirSync(SHARED + folder, { recursive: true, encoding: "utf8" })
      : [];
    expect(files.filter((name) => name.endsWith(ending)).length).toBeGreaterThanOrEqual(least);
  });
});
