import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import { run } from "../../../scripts/interop/processes.ts";
import { startSvidmint, type Svidmint } from "../../../scripts/interop/svidmint.ts";
import { makeKey } from "../../../scripts/interop/workload.ts";
import { pkcs8Pem, splitPem } from "./svids.ts";

/** An issuer below an existing CA, with a JWT key of its own. @param root PEM. @param entry backend and its members */
export function serveBelow(
  evidence: EvidenceIssuer,
  root: string,
  entry: object,
  env: Readonly<Record<string, string>>,
): Promise<Svidmint> {
  const published_at = "2026-01-01T00:00:00Z";
  const certificate = `data:;base64,${btoa(root)}`;
  const jwt = { id: "jwt", backend: "local", private_key: "env:SVIDMINT_JWT_KEY", published_at };
  return startSvidmint({
    evidence,
    keys: {
      x509: [{ id: "corp", mode: "upstream", certificate, published_at, ...entry }],
      jwt: [jwt],
    },
    env: { SVIDMINT_JWT_KEY: pkcs8Pem(makeKey()), ...env },
  });
}

/** What `openssl verify` says of a chain below nothing but this root; empty where it is good. */
export async function opensslVerdict(chain: string, root: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "openssl-"));
  const [leaf = "", ...between] = splitPem(chain);
  try {
    writeFileSync(join(folder, "leaf.pem"), leaf);
    writeFileSync(join(folder, "chain.pem"), between.join(""));
    writeFileSync(join(folder, "root.pem"), root);
    const args =
      "verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted chain.pem leaf.pem";
    const { code, stderr } = await run("openssl", args.split(" "), {
      cwd: folder,
      deadlineMs: 60_000,
    });
    return code === 0 ? "" : stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
