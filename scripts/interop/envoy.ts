import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { MtlsServer } from "./nginx.ts";
import { freePort } from "../free-port.ts";
import { accepts, startServer } from "./processes.ts";

const TYPES = "type.googleapis.com/envoy.extensions";
const FILTERS = `${TYPES}.filters`;
const TLS = `${TYPES}.transport_sockets.tls.v3`;

export interface EnvoyOptions {
  readonly cert: string;
  readonly key: string;
  /** What its SPIFFE certificate validator believes: `trust_domains` or `trust_bundles` of its configuration. */
  readonly validator: object;
}

/** Envoy that asks clients for an X.509-SVID, and answers with the name in it. */
export async function startEnvoy(
  python: string,
  { cert, key, validator }: EnvoyOptions,
): Promise<MtlsServer> {
  const folder = mkdtempSync(join(tmpdir(), "envoy-"));
  const port = await freePort();
  const context = {
    "@type": `${TLS}.DownstreamTlsContext`,
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [
        { certificate_chain: { inline_string: cert }, private_key: { inline_string: key } },
      ],
      validation_context: {
        custom_validator_config: {
          name: "envoy.tls.cert_validator.spiffe",
          typed_config: { "@type": `${TLS}.SPIFFECertValidatorConfig`, ...validator },
        },
      },
    },
  };
  const manager = {
    "@type": `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${FILTERS}.http.router.v3.Router` },
      },
    ],
    route_config: {
      response_headers_to_add: [{ header: { key: "x-peer", value: "%DOWNSTREAM_PEER_URI_SAN%" } }],
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
        },
      ],
    },
  };
  const listener = {
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [
      {
        transport_socket: { name: "envoy.transport_sockets.tls", typed_config: context },
        filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }],
      },
    ],
  };
  const config = join(folder, "envoy.json");
  writeFileSync(config, JSON.stringify({ static_resources: { listeners: [listener] } }));
  // By the interpreter: the script itself names where the environment was made, which may have moved since.
  const script = join(dirname(python), "envoy");
  const args = [
    script,
    "-c",
    config,
    "--disable-hot-restart",
    "--concurrency",
    "1",
    "-l",
    "warning",
  ];
  const server = await startServer(python, args, {
    folder,
    deadlineMs: 5 * 60_000,
    ready: () => accepts(port),
  });
  return { port, [Symbol.asyncDispose]: server.stop };
}
