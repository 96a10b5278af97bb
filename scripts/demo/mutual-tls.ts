import { connect, createServer, type PeerCertificate, type TLSSocket } from "node:tls";
import { once } from "node:events";
import type { Bundle, Svids, Workload } from "./workload.ts";

export interface Peer {
  readonly keyPem: string;
  /** PEM, leaf first. */
  readonly chain: string;
  /** PEM: what the other's certificate has to lead to, and nothing else. */
  readonly authorities: readonly string[];
}

/** @param trusted the bundle that the other is verified with; the one that came with the SVIDs if absent */
export function peerOf(workload: Workload, svids: Svids, trusted: Bundle = svids.bundle): Peer {
  const chain = svids.x509?.certificate_chain ?? "";
  return { keyPem: workload.keyPem, chain, authorities: authorities(trusted) };
}

/**
 * One line there and one back between two workloads, each of which shows its X.509-SVID, verifies the other's
 * against the bundle it was given, and takes exactly one SPIFFE ID.
 * @returns what each saw of the other; throws where a side refuses
 */
export async function converse(
  server: Peer,
  client: Peer,
  expected: { readonly server: string; readonly client: string },
): Promise<{ readonly heard: string; readonly clientId: string; readonly serverId: string }> {
  let clientId = "";
  const listener = createServer(
    { ...identity(server), requestCert: true, rejectUnauthorized: true },
    (socket) => {
      clientId = spiffeIdOf(socket.getPeerCertificate());
      if (clientId !== expected.client) socket.destroy();
      else socket.end(`hello ${clientId}`);
    },
  );
  // A client that hangs up is the client's affair: it reports the reason.
  listener.on("tlsClientError", () => {});
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  try {
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    const socket = connect({
      ...identity(client),
      host: "127.0.0.1",
      port: address.port,
      // The name that counts is the SPIFFE ID, not a host name. An error refuses the connection.
      checkServerIdentity: (_, certificate) =>
        spiffeIdOf(certificate) === expected.server
          ? undefined
          : new Error(`the server is ${spiffeIdOf(certificate)}, not ${expected.server}`),
    });
    await once(socket, "secureConnect");
    const serverId = spiffeIdOf(socket.getPeerCertificate());
    return { heard: await read(socket), clientId, serverId };
  } finally {
    listener.close();
  }
}

function identity({ keyPem, chain, authorities: ca }: Peer) {
  return {
    key: keyPem,
    cert: chain,
    ca: [...ca],
    minVersion: "TLSv1.3" as const,
  };
}

/** The X.509 authorities of a bundle, as PEM: all that a peer's certificate may lead to. */
function authorities({ keys }: Bundle): string[] {
  return keys
    .filter((key) => key.use === "x509-svid")
    .flatMap((key) => key.x5c?.slice(0, 1) ?? [])
    .map(
      (der) =>
        `-----BEGIN CERTIFICATE-----\n${der.replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    );
}

/** The one URI name of a certificate that TLS has verified. */
function spiffeIdOf(certificate: PeerCertificate): string {
  const names =
    certificate.subjectaltname?.split(", ").filter((name) => name.startsWith("URI:")) ?? [];
  return names.length === 1 ? (names[0] ?? "").slice("URI:".length) : "(no SPIFFE ID)";
}

async function read(socket: TLSSocket): Promise<string> {
  let heard = "";
  for await (const chunk of socket) heard += String(chunk);
  return heard;
}
