import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../scripts/free-port.ts";
import { runChecked } from "../../../scripts/interop/processes.ts";

/** What ends TLS before an issuer, as a load balancer does. */
export interface TlsFront extends AsyncDisposable {
  readonly url: string;
  /** PEM of who signed its certificate: a CA that nobody knows otherwise. */
  readonly ca: string;
  /** Where the issuer is to listen. */
  readonly port: number;
}

export async function startTlsFront(): Promise<TlsFront> {
  const folder = mkdtempSync(join(tmpdir(), "tls-front-"));
  const [port, securePort] = [await freePort(), await freePort()];
  const make =
    "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out cert.pem -days 2 -subj /CN=front -config /dev/null";
  const extensions = ["subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:TRUE"];
  const args = [...make.split(" "), ...extensions.flatMap((one) => ["-addext", one])];
  await runChecked("openssl", args, { cwd: folder, deadlineMs: 60_000 });
  const [key, ca] = ["key.pem", "cert.pem"].map((name) => readFileSync(join(folder, name), "utf8"));
  rmSync(folder, { recursive: true });

  const server = createServer({ key, cert: ca }, (incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(securePort, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${securePort}`,
    ca: ca ?? "",
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
