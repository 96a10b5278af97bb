import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TRUST_DOMAIN } from "./configuration.ts";
import { runChecked } from "./processes.ts";
import { makeKey } from "./workload.ts";

/** Keys of an issuer as its operator brings them, all PEM. */
export interface SigningKeys {
  readonly x509Key: string;
  readonly certificate: string;
  readonly jwtKey: string;
}

/** The root is made by OpenSSL, as an operator would make it, and lives for ten years. */
export async function makeSigningKeys(): Promise<SigningKeys> {
  const folder = mkdtempSync(join(tmpdir(), "root-"));
  try {
    const base =
      "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out root.pem -days 3650";
    const extensions = [
      `subjectAltName=URI:spiffe://${TRUST_DOMAIN}`,
      "basicConstraints=critical,CA:TRUE,pathlen:1",
      "keyUsage=critical,keyCertSign,cRLSign",
    ];
    const args = [...base.split(" "), "-subj", "/O=interop", "-config", "/dev/null"];
    await runChecked(
      "openssl",
      [...args, ...extensions.flatMap((extension) => ["-addext", extension])],
      { cwd: folder, deadlineMs: 60_000 },
    );
    return {
      x509Key: readFileSync(join(folder, "key.pem"), "utf8"),
      certificate: readFileSync(join(folder, "root.pem"), "utf8"),
      jwtKey: makeKey().privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The `keys:` section; private keys are named by variable, and everything public stands in place. */
export function keysSection({ certificate }: SigningKeys): Record<string, unknown> {
  const published_at = "2026-01-01T00:00:00Z";
  const pem = Buffer.from(certificate).toString("base64");
  return {
    x509: [
      {
        id: "root-1",
        backend: "local",
        private_key: "env:SVIDMINT_X509_KEY",
        certificate: `data:application/x-pem-file;base64,${pem}`,
        published_at,
      },
    ],
    jwt: [{ id: "jwt-1", backend: "local", private_key: "env:SVIDMINT_JWT_KEY", published_at }],
  };
}

/** The variables that `keysSection` names. */
export function keyVariables({ x509Key, jwtKey }: SigningKeys): Record<string, string> {
  return { SVIDMINT_X509_KEY: x509Key, SVIDMINT_JWT_KEY: jwtKey };
}
