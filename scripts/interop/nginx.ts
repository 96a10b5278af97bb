import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { accepts, startServer } from "./processes.ts";
import type { TlsMaterial } from "./tls-material.ts";

export interface MtlsServer extends AsyncDisposable {
  readonly port: number;
}

/** nginx that asks clients for a certificate of one of these authorities, and answers with what it read in it. */
export async function startNginx(
  program: string,
  { cert, key, ca }: TlsMaterial,
): Promise<MtlsServer> {
  const folder = mkdtempSync(join(tmpdir(), "nginx-"));
  const port = await freePort();
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  writeFileSync(join(folder, "ca.pem"), ca.join(""));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off;
master_process off;
pid nginx.pid;
error_log stderr info;
events {}
http {
  access_log off;
  ${paths.map((name) => `${name}_temp_path ${name};`).join("\n  ")}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    ssl_client_certificate ca.pem;
    ssl_verify_client on;
    ssl_verify_depth 3;
    location / { return 200 $ssl_client_verify; }
  }
}
`,
  );
  const args = ["-p", folder, "-e", "stderr", "-c", "nginx.conf"];
  const server = await startServer(program, args, {
    folder,
    deadlineMs: 5 * 60_000,
    ready: () => accepts(port),
  });
  return { port, [Symbol.asyncDispose]: server.stop };
}
