import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConfigurationOptions, makeConfiguration } from "./configuration.ts";
import { freePort } from "../free-port.ts";
import { answers, type Server, startServer } from "./processes.ts";
import { projectRoot } from "./programs.ts";

const command = join(projectRoot, "dist/cli/main.js");

/** Whether the project is built, so that its command can be started. */
export function isBuilt(): boolean {
  return existsSync(command);
}

export interface Svidmint extends AsyncDisposable {
  readonly server: Server;
  /** Base URL it answers at; its issuer URL too, unless `issuer` said another. */
  readonly url: string;
  readonly folder: string;
}

export interface SvidmintOptions extends Omit<ConfigurationOptions, "issuer"> {
  /** Environment variables, such as the keys that the configuration names. */
  readonly env?: Readonly<Record<string, string>>;
  readonly core?: number;
  /** The longest that it may live. Milliseconds. */
  readonly deadlineMs?: number;
  /** Its issuer URL where that is not where it listens: what stands in front of it, with TLS. */
  readonly issuer?: string;
  /** Port of 127.0.0.1; a free one if absent. */
  readonly port?: number;
  /** More of `svidmint serve`. */
  readonly arguments?: readonly string[];
  /** What a test has otherwise in the configuration. */
  readonly edit?: (configuration: Record<string, unknown>) => Record<string, unknown>;
}

/** The real server, as an operator starts it: `svidmint serve` with local keys on loopback. */
export async function startSvidmint(options: SvidmintOptions): Promise<Svidmint> {
  const folder = mkdtempSync(join(tmpdir(), "svidmint-"));
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, "svidmint.yaml"); // JSON is YAML
  const made = makeConfiguration({ ...options, issuer: options.issuer ?? url });
  writeFileSync(config, JSON.stringify(options.edit?.(made) ?? made));
  // Without an issuer URL of another place it listens where that says.
  const listen = options.issuer === undefined ? [] : ["--listen", `127.0.0.1:${port}`];
  const args = [command, "serve", "--config", config, ...listen, ...(options.arguments ?? [])];
  const server = await startServer(process.execPath, args, {
    cwd: folder,
    folder,
    env: options.env ?? {},
    deadlineMs: options.deadlineMs ?? 10 * 60_000,
    ...(options.core === undefined ? {} : { core: options.core }),
    ready: () => answers(`${url}/readyz`),
  });
  return {
    server,
    url,
    folder,
    [Symbol.asyncDispose]: server.stop,
  };
}
