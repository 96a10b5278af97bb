import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Peer } from "./peers.ts";
import { freePort } from "../free-port.ts";
import { run, runChecked, type RunResult, startServer } from "./processes.ts";

/** The longest that a server or an agent may live. Milliseconds. */
const DEADLINE_MS = 10 * 60_000;
const TRUST_DOMAIN = "spire.example";

export interface SpirePeer extends Peer {
  readonly socket: string;
  readonly trustDomain: string;
  /** Of its bundle endpoint. */
  readonly bundleUrl: string;
  /** `spire-server …` on its socket. @returns what it printed @throws on another exit code than 0 */
  command(...words: readonly string[]): Promise<string>;
}

export interface SpireOptions {
  readonly core?: number;
  /** Who serves the bundle endpoint, in HCL: `"https_spiffe" {}`, which is the default, or `"https_web" { … }`. */
  readonly profile?: string;
  /** Of that endpoint, such as `10s`. */
  readonly refreshHint?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A SPIRE server with an in-memory key manager, alone on loopback. */
export async function startSpire(program: string, options: SpireOptions = {}): Promise<SpirePeer> {
  const folder = mkdtempSync(join(tmpdir(), "spire-"));
  const socket = join(folder, "api.sock");
  const [port, bundlePort] = [await freePort(), await freePort()];
  mkdirSync(join(folder, "data"));
  writeFileSync(
    join(folder, "server.conf"),
    `server {
  bind_address = "127.0.0.1"
  bind_port = "${port}"
  socket_path = "${socket}"
  trust_domain = "${TRUST_DOMAIN}"
  data_dir = "${folder}/data"
  log_level = "WARN"
  ca_key_type = "ec-p256"
  ca_ttl = "24h"
  federation {
    bundle_endpoint {
      address = "127.0.0.1"
      port = ${bundlePort}
      refresh_hint = "${options.refreshHint ?? "5m"}"
      profile ${options.profile ?? '"https_spiffe" {}'}
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
    deadlineMs: DEADLINE_MS,
    readyMs: 60_000,
    ...(options.core === undefined ? {} : { core: options.core }),
    env: options.env ?? {},
    ready: () => healthy(program, socket),
  });
  return {
    server,
    folder,
    port,
    socket,
    trustDomain: TRUST_DOMAIN,
    bundleUrl: `https://localhost:${bundlePort}`,
    command: (...words) =>
      runChecked(program, [...words, "-socketPath", socket], { deadlineMs: 60_000 }),
    [Symbol.asyncDispose]: server.stop,
  };
}

export interface SpireAgent extends AsyncDisposable {
  /** Of its Workload API. */
  readonly socket: string;
  /** SPIFFE ID that entries of its workloads have as their parent. */
  readonly id: string;
  /** `spire-agent api …` on its socket. */
  command(...words: readonly string[]): Promise<RunResult>;
}

/** An agent that knows workloads by the user they run as. */
export async function startSpireAgent(program: string, spire: SpirePeer): Promise<SpireAgent> {
  const folder = mkdtempSync(join(tmpdir(), "spire-agent-"));
  const socket = join(folder, "agent.sock");
  const printed = await spire.command("token", "generate");
  const [, token] = /Token: (\S+)/u.exec(printed) ?? [];
  if (token === undefined) throw new Error(`no join token in: ${printed}`);
  writeFileSync(
    join(folder, "agent.conf"),
    `agent {
  server_address = "127.0.0.1"
  server_port = "${spire.port}"
  socket_path = "${socket}"
  trust_domain = "${spire.trustDomain}"
  data_dir = "${folder}/data"
  log_level = "WARN"
  insecure_bootstrap = true
  join_token = "${token}"
  experimental { sync_interval = "2s" }
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}
`,
  );
  const server = await startServer(program, ["run", "-config", join(folder, "agent.conf")], {
    folder,
    deadlineMs: DEADLINE_MS,
    readyMs: 60_000,
    ready: () => healthy(program, socket),
  });
  const id = `spiffe://${spire.trustDomain}/spire/agent/join_token/${token}`;
  return {
    socket,
    id,
    command: (...words) =>
      run(program, ["api", ...words, "-socketPath", socket], { deadlineMs: 60_000 }),
    [Symbol.asyncDispose]: server.stop,
  };
}

async function healthy(program: string, socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const health = await run(program, ["healthcheck", "-socketPath", socket], { deadlineMs: 10_000 });
  return health.code === 0;
}
