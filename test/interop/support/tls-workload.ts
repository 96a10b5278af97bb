import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createSecureContext, createServer, type TLSSocket } from "node:tls";
import type { TlsMaterial } from "../../../scripts/interop/tls-material.ts";

interface TlsReport {
  readonly accepted: number;
  readonly dialled: number;
  readonly errors: readonly string[];
  /** Of peers that were verified. */
  readonly ids: ReadonlySet<string>;
  /** SHA-256 of the authorities that proved them. */
  readonly authorities: ReadonlySet<string>;
}

export interface TlsWorkload extends AsyncDisposable {
  readonly port: number;
  /** Connections from now on show and believe this. */
  use(material: TlsMaterial): void;
  connectEvery(milliseconds: number, port: number): void;
  readonly report: TlsReport;
}

const TIMEOUT_MS = 20_000;

/** A workload on Node's own TLS, which serves and connects by mTLS to workloads of one other trust domain. */
export async function startTlsWorkload(first: TlsMaterial, peer: string): Promise<TlsWorkload> {
  let material = first;
  const errors: string[] = [];
  const report = {
    accepted: 0,
    dialled: 0,
    errors,
    ids: new Set<string>(),
    authorities: new Set<string>(),
  };

  /** SPIFFE X.509-SVID §5: the path was verified by the handshake; the name is for us to look at. */
  function authorize(socket: TLSSocket): void {
    const certificate = socket.getPeerX509Certificate();
    const [, id] = /^URI:(spiffe:\/\/[^, ]+)$/u.exec(certificate?.subjectAltName ?? "") ?? [];
    if (id?.startsWith(`spiffe://${peer}/`) !== true) throw new Error(`not a workload: ${id}`);
    report.ids.add(id);
    const authorities = material.ca.map((pem) => new X509Certificate(pem));
    const signer = authorities.find(({ publicKey }) => certificate?.verify(publicKey) === true);
    if (signer === undefined) throw new Error("signed by none of the authorities themselves");
    report.authorities.add(signer.fingerprint256);
  }

  const options = (): object => ({ ...material, ca: [...material.ca], minVersion: "TLSv1.3" });
  const server = createServer({ ...options(), requestCert: true, rejectUnauthorized: true });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined); // whoever dialled tells of it
    report.accepted++;
    try {
      authorize(socket);
      socket.end("pong\n");
    } catch (error) {
      errors.push(`served: ${String(error)}`);
      socket.destroy();
    }
  });
  server.on("tlsClientError", (error) => errors.push(`served: ${error.message}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  /** The answer tells that the other side took our certificate: the handshake of TLS 1.3 does not. */
  const dial = async (port: number): Promise<void> => {
    const secureContext = createSecureContext(options());
    const socket = connect({ port, host: "127.0.0.1", secureContext, checkServerIdentity });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("late")));
    socket.once("secureConnect", () => {
      try {
        authorize(socket);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    if (answer !== "pong\n") throw new Error(`another answer: ${answer}`);
  };

  const ended = new AbortController();
  const loops: Promise<void>[] = [];
  const loop = async (milliseconds: number, port: number): Promise<void> => {
    while (!ended.signal.aborted) {
      void dial(port)
        .catch((error: unknown) => errors.push(`dialled: ${String(error)}`))
        .finally(() => report.dialled++);
      await sleep(milliseconds); // oxlint-disable-line no-await-in-loop -- the pace
    }
  };
  return {
    port: address.port,
    report,
    use(next) {
      material = next;
      server.setSecureContext(options());
    },
    connectEvery: (milliseconds, port) => void loops.push(loop(milliseconds, port)),
    async [Symbol.asyncDispose]() {
      ended.abort();
      await Promise.all(loops);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A workload has no host name: `authorize` looks at its SPIFFE ID instead. */
const checkServerIdentity = (): undefined => undefined;
