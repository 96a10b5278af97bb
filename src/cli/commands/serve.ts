import { dirname, resolve } from "node:path";
import { isLoopbackHttp } from "../../attestors/jwks.ts";
import type { Config } from "../../issuer/config.ts";
import { Kept, type Keep } from "../../kept.ts";
import { keptBackends, keptModes } from "../../signer/kept-keys.ts";
import { allModes } from "../../signer/modes.ts";
import { backends } from "../../runtimes/node/backends.ts";
import { privateReader } from "../../signer/node/private-file.ts";
import { onReloadSignal, onStopSignal, type Reload } from "../../runtimes/node/lifecycle.ts";
import { parseListenAddress } from "../../runtimes/node/listen-address.ts";
import type { ListenAddress } from "../../runtimes/node/http-server.ts";
import { metricsTokenOf } from "../../runtimes/node/metrics-token.ts";
import { openPeers } from "../../runtimes/node/peers.ts";
import { Server, type Serving } from "../../runtimes/node/serve.ts";
import {
  checkConfig,
  configurationError,
  issueLine,
  resourceReader,
  type CheckedConfig,
} from "../config.ts";
import { soundConfigs } from "../config-set.ts";
import { repeated } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { explained, warningLine } from "../explained.ts";
import { printable, printError } from "../output.ts";
import { withKeys } from "../own-keys.ts";

const DEFAULT_LISTEN: ListenAddress = { host: "127.0.0.1", port: 8443 };

export default defineCommand({
  about:
    "Runs the issuer until SIGTERM or SIGINT, then lets requests under way finish. Of several trust domains, one --config each, a request is for the one whose issuer URL has its host and begins its path. SIGHUP has it read its configurations again: a good one is in force from the next request on, one that is not is told of and changes nothing. Standard output holds the audit log, one JSON line an event, and nothing else; messages go to standard error. Without keys: in the configuration, signing keys are made in .svidmint/ beside it on first start, and their files are named.",
  args: {
    config: {
      type: "string",
      repeatable: true,
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration; several times for several trust domains",
    },
    listen: {
      type: "string",
      valueHint: "HOST:PORT",
      description:
        "where to listen; put TLS in front of anything but loopback [default: host and port of the issuer URL where that is http on loopback, else 127.0.0.1:8443]",
    },
    "bundle-endpoint": {
      type: "string",
      repeatable: true,
      valueHint: "HOST:PORT",
      description:
        "serve the bundle there too, by TLS with an X.509-SVID of the trust domain, for peers that fetch it by profile https_spiffe; of several trust domains one each, in the order of their files",
    },
    metrics: {
      type: "string",
      valueHint: "HOST:PORT",
      description:
        "serve /metrics there; or set SVIDMINT_METRICS_TOKEN to serve it on the main listener to whoever sends that token",
    },
  },
  examples: [
    { does: "as svidmint init wrote it", command: "svidmint serve" },
    {
      does: "behind a proxy that ends TLS, with metrics",
      command: "svidmint serve --config prod.yaml --listen 127.0.0.1:8080 --metrics 127.0.0.1:9464",
    },
    {
      does: "two trust domains",
      command: "svidmint serve --config prod.yaml --config staging.yaml --listen 127.0.0.1:8080",
    },
  ],
  exits:
    "0 stopped by a signal, 1 the issuer could not start or go on, 2 wrong usage or configuration",
  async run(args) {
    const paths = repeated(args.config);
    const kept = new Map(paths.map((path) => [path, new Kept()]));
    const { sound: files, issues } = await soundConfigs(paths, (path) => {
      const { keep } = kept.get(path) ?? new Kept();
      // One of several is opened before another: what is wrong with the keys of any is told first.
      return check(path, keep, paths.length > 1);
    });
    for (const issue of issues) printError(issueLine(issue));
    // All of the usage is judged before anything is opened, since that may make keys.
    const metrics = { listen: address("metrics", args.metrics), token: metricsToken() };
    const listen = address("listen", args.listen) ?? addressOf(files.map(({ config }) => config));
    const bundleEndpoints = allAddresses("bundle-endpoint", args["bundle-endpoint"]);
    if (bundleEndpoints.length > 0 && bundleEndpoints.length !== files.length)
      throw new UsageError("--bundle-endpoint is said once for each --config, in their order");
    const server = new Server();
    const reloads: Reload[] = [];
    for (const { path, config } of files)
      reloads.push(await open(server, path, config, kept.get(path))); // oxlint-disable-line no-await-in-loop -- each beside those before it
    const serving = await explained(paths.join(", "), "the issuer cannot start", () =>
      server.serve({ listen, bundleEndpoints, metrics }),
    );
    tell(serving, files);
    onReloadSignal(reloads, printError);
    return new Promise(() => onStopSignal(() => serving.stop()));
  },
});

/** @returns what reads it again */
async function open(
  server: Server,
  path: string,
  config: Config,
  kept = new Kept(),
): Promise<Reload> {
  const folder = dirname(resolve(path));
  const read = resourceReader(path);
  const { reload } = await explained(path, "the issuer cannot start", async () =>
    server.open({
      file: path,
      config: await withKeys(config, folder),
      kept,
      folder,
      read,
      readPrivate: privateReader(read, folder),
      warn(issue) {
        // On a laptop, that no standby key is ready for an emergency is no news.
        if (config.keys === undefined && isLoopbackHttp(config.issuer) && issue.path[0] === "keys")
          return;
        printError(warningLine(path, issue));
      },
    }),
  );
  const again = async (keep: Keep): Promise<Config> =>
    withKeys(await load(path, keep), folder, true);
  return {
    file: path,
    reload: () => explained(path, "the configuration cannot be used", () => reload(again)),
  };
}

/** With its keys, so that what is wrong with them is told with the rest. */
function check(path: string, keep: Keep, always = false): Promise<CheckedConfig> {
  const keys = {
    always,
    backends: keptBackends(backends, keep),
    modes: keptModes(allModes, keep),
    env: (name: string) => process.env[name],
    readPrivate: privateReader(resourceReader(path), dirname(resolve(path))),
  };
  return checkConfig(path, { keep, openPeers, keys });
}

async function load(path: string, keep: Keep): Promise<Config> {
  const { config, issues } = await check(path, keep);
  if (config === undefined) throw configurationError(issues);
  for (const issue of issues) printError(issueLine(issue));
  return config;
}

function address(option: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  try {
    return parseListenAddress(text);
  } catch (error) {
    throw new UsageError(
      `--${option}: ${error instanceof RangeError ? printable(error.message) : "not an address"}`,
    );
  }
}

function metricsToken(): string | undefined {
  try {
    return metricsTokenOf(process.env);
  } catch (error) {
    throw new UsageError(error instanceof RangeError ? error.message : "not a token");
  }
}

function allAddresses(option: string, texts: string | undefined): readonly ListenAddress[] {
  if (texts === undefined) return [];
  return repeated(texts).flatMap((text) => address(option, text) ?? []);
}

/** What `init` wrote as the issuer's URL is where it is to be found. */
function addressOf(configs: readonly Pick<Config, "issuer">[]): ListenAddress {
  const addresses = new Map(
    configs.map(({ issuer }): [string, ListenAddress] => {
      if (!isLoopbackHttp(issuer)) return ["", DEFAULT_LISTEN];
      const { host, hostname, port } = new URL(issuer);
      const bare = hostname.replace(/^\[|\]$/g, "");
      return [host, { host: bare, port: port === "" ? 80 : Number(port) }];
    }),
  );
  const [[, only] = ["", DEFAULT_LISTEN]] = addresses;
  if (addresses.size > 1)
    throw new UsageError("the issuer URLs have several addresses: say which with --listen");
  return only;
}

function shown({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function tell(
  { address: listening, metricsAddress, bundleEndpoints }: Serving,
  files: readonly { readonly path: string; readonly config: Pick<Config, "issuer"> }[],
): void {
  for (const { path, config } of files)
    printError(
      `svidmint serves ${printable(config.issuer)} at ${shown(listening)}, configured by ${printable(path)}`,
    );
  printError(
    "  POST /v1/svids   GET /bundle, /bundle/wit, /.well-known/openid-configuration, /.well-known/jwks.json",
  );
  printError("  GET /healthz, /readyz, /openapi.json");
  for (const endpoint of bundleEndpoints)
    printError(
      `  GET /bundle, /bundle/wit at ${shown(endpoint.address)} as ${printable(endpoint.spiffeId)}`,
    );
  if (metricsAddress !== undefined) printError(`  GET /metrics at ${shown(metricsAddress)}`);
}
