import { constants, type X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Bundle } from "../../encoding/bundle.ts";
import type { CryptoPrimitives } from "../../encoding/primitives.ts";
import { late } from "../../platform/node/late-modules.ts";
import { TLS_INTERMEDIATE } from "../../platform/node/tls-profile.ts";
import type { Err, Result } from "../../result.ts";
import type { SpiffeId } from "../../spiffe/spiffe-id.ts";
import { x509Authorities } from "../../svid/authorities.ts";
import { verifyX509Svid } from "../../svid/verify-x509-svid.ts";
import type { PeerError } from "../peer.ts";
import { established } from "./established.ts";
import { pinnedLookup } from "./pinned-lookup.ts";

/** Whom a connection has to lead to. */
export interface ExpectedServer {
  readonly spiffeId: SpiffeId;
  /** Of that ID's trust domain. */
  readonly bundle: Bundle;
  /** Unix seconds. */
  readonly now: number;
  readonly crypto: CryptoPrimitives;
}

/** More than a path has; what sends more is refused before any of it is parsed. */
const MAX_CERTIFICATES = 10;

/**
 * A TLS connection to whoever holds an X.509-SVID for exactly the SPIFFE ID, by the bundle alone: names in the
 * certificate, the system's roots and the host are not asked. Nothing was sent on it but the handshake, and each
 * connection has a handshake of its own: no session is resumed, nothing is negotiated anew.
 * @returns `address` | `network` | `timeout` | `tls` | `endpoint_identity`
 */
export async function connectTo(
  { hostname, port }: URL,
  expected: ExpectedServer,
  { allowPrivate, signal }: { readonly allowPrivate: boolean; readonly signal: AbortSignal },
): Promise<Result<TLSSocket, PeerError>> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = late.tls().connect({
    ...TLS_INTERMEDIATE,
    host,
    port: port === "" ? 443 : Number(port),
    lookup: pinnedLookup(allowPrivate),
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: false, // by the system's roots: ours is below, before anything is sent
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  });
  const failed = await established(socket, "secureConnect", signal);
  const wrong = failed ?? (await identify(socket, expected));
  if (wrong === undefined && !signal.aborted) return { ok: true, value: socket };
  socket.destroy();
  return wrong ?? refuse("timeout");
}

async function identify(
  socket: TLSSocket,
  { spiffeId, bundle, now, crypto }: ExpectedServer,
): Promise<Err<PeerError> | undefined> {
  const chain = chainOf(socket);
  if (chain === undefined) return refuse("endpoint_identity", "too many certificates");
  const { trustDomain, uri } = spiffeId;
  const verified = await verifyX509Svid(chain, x509Authorities(bundle), trustDomain, now, crypto);
  if (!verified.ok) {
    const { reason, detail } = verified.error;
    return refuse("endpoint_identity", detail === undefined ? reason : `${reason}: ${detail}`);
  }
  if (verified.value.spiffeId.uri !== uri)
    return refuse("endpoint_identity", `another SPIFFE ID of ${trustDomain}`);
  return undefined;
}

/** As it was sent, leaf first. */
function chainOf(socket: TLSSocket): readonly Uint8Array[] | undefined {
  const chain: Uint8Array[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  for (; certificate !== undefined; certificate = certificate.issuerCertificate) {
    if (chain.length === MAX_CERTIFICATES) return undefined;
    chain.push(new Uint8Array(certificate.raw));
  }
  return chain;
}

function refuse(code: PeerError["code"], detail?: string): Err<PeerError> {
  return { ok: false, error: detail === undefined ? { code } : { code, detail } };
}
