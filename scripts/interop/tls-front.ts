import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import type { CorporateCa } from "./corporate-ca.ts";
import { runChecked } from "./processes.ts";

/** Files of a web server's certificate for `localhost`, with the CA that issued it behind it. */
export interface WebCertificate {
  readonly chain: string;
  readonly key: string;
}

/** @param folder where `makeCorporateCa` made the CA: its files are used, and these put beside them */
export async function makeWebCertificate(
  folder: string,
  { issuing }: CorporateCa,
): Promise<WebCertificate> {
  const openssl = (...args: readonly string[]): Promise<string> =>
    runChecked("openssl", args, { cwd: folder, deadlineMs: 60_000 });
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  const key = "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -config /dev/null";
  await openssl(...key.split(" "), "-subj", "/CN=localhost", "-keyout", "web.key", "-out", "w.csr");
  writeFileSync(join(folder, "web.ext"), `${names}\nextendedKeyUsage=serverAuth\n`);
  const ca = ["-CA", "issuing.pem", "-CAkey", "issuing.key", "-extfile", "web.ext", "-days", "30"];
  const leaf = await openssl("x509", "-req", "-in", "w.csr", ...ca);
  const files = { chain: join(folder, "web.pem"), key: join(folder, "web.key") };
  writeFileSync(files.chain, leaf + issuing);
  return files;
}

export interface TlsFront extends AsyncDisposable {
  readonly url: string;
}

/** What stands in front of a plain server: it ends TLS, and hands each request on as it is. */
export async function startTlsFront(
  { chain, key }: WebCertificate,
  target: string,
): Promise<TlsFront> {
  const server = createServer(
    { cert: readFileSync(chain), key: readFileSync(key) },
    (incoming, outgoing) => {
      const { method, headers, url = "/" } = incoming;
      const onward = request(new URL(url, target), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      incoming.pipe(onward);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `https://localhost:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
