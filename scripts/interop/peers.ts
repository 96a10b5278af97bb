import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { accepts, freePort, run, runChecked, type Server, startServer } from "./processes.ts";

/** The longest that a peer may live. Milliseconds. */
const PEER_DEADLINE_MS = 10 * 60_000;

export interface Peer extends AsyncDisposable {
  readonly server: Server;
  readonly folder: string;
  readonly port: number;
}

export interface SpirePeer extends Peer {
  readonly socket: string;
  readonly trustDomain: string;
}

/** A SPIRE server with an in-memory key manager, alone on loopback. */
export async function startSpire(
  program: string,
  options: { core?: number } = {},
): Promise<SpirePeer> {
  const folder = mkdtempSync(join(tmpdir(), "spire-"));
  const socket = join(folder, "api.sock");
  const trustDomain = "spire.example";
  const [port, bundlePort] = [await freePort(), await freePort()];
  mkdirSync(join(folder, "data"));
  writeFileSync(
    join(folder, "server.conf"),
    `server {
  bind_address = "127.0.0.1"
  bind_port = "${port}"
  socket_path = "${socket}"
  trust_domain = "${trustDomain}"
  data_dir = "${folder}/data"
  log_level = "WARN"
  ca_key_type = "ec-p256"
  ca_ttl = "24h"
  federation {
    bundle_endpoint {
      address = "127.0.0.1"
      port = ${bundlePort}
      profile "https_spiffe" {}
    }
  }
}
plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "${folder}/data/store.sqlite3"
    }
  }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
}
`,
  );
  const server = await startServer(program, ["run", "-config", join(folder, "server.conf")], {
    folder,
    deadlineMs: PEER_DEADLINE_MS,
    readyMs: 60_000,
    ...options,
    ready: async () => {
      if (!existsSync(socket)) return false;
      const health = await run(program, ["healthcheck", "-socketPath", socket], {
        deadlineMs: 10_000,
      });
      return health.code === 0;
    },
  });
  return { server, folder, port, socket, trustDomain, [Symbol.asyncDispose]: server.stop };
}

/** A step-ca without a database: nothing is stored, one-time tokens are not remembered. */
export async function startStepCa(
  program: string,
  loadProgram: string,
  options: { core?: number } = {},
): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "step-ca-"));
  const port = await freePort();
  await runChecked(loadProgram, ["-init", "-dir", folder, "-port", String(port)], {
    deadlineMs: 10_000,
  });
  const server = await startServer(program, [join(folder, "ca.json")], {
    folder,
    deadlineMs: PEER_DEADLINE_MS,
    ...options,
    env: { STEPPATH: folder },
    ready: () => accepts(port),
  });
  return { server, folder, port, [Symbol.asyncDispose]: server.stop };
}

/** What one of the load clients printed. */
const loadFiguresSchema = z.strictObject({
  work: z.string(),
  requests: z.int(),
  seconds: z.number(),
  server_cpu_seconds: z.number(),
  server_cpu_micros_per_request: z.number(),
  per_core_second: z.number(),
});

export type LoadFigures = z.infer<typeof loadFiguresSchema>;

export async function driveLoad(
  program: string,
  args: readonly string[],
  options: { core?: number } = {},
): Promise<LoadFigures> {
  const printed = await runChecked(program, args, { deadlineMs: 180_000, ...options });
  return loadFiguresSchema.parse(JSON.parse(printed));
}
