import { dirname, resolve } from "node:path";
import { isLoopbackHttp } from "../../attestors/jwks.ts";
import { ConfigError, type ConfigIssue } from "../../config-issue.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { isSingle, type Config } from "../../issuer/config.ts";
import { SVID_USES } from "../../signer/algorithms.ts";
import { Kept, type Keep } from "../../kept.ts";
import type { KeysConfig } from "../../signer/keys-schema.ts";
import { localKeys } from "../../signer/node/local-keys.ts";
import { privateReader } from "../../signer/node/private-file.ts";
import { SignerError } from "../../signer/signer.ts";
import { StoreError } from "../../stores/store-error.ts";
import { onReloadSignal, onStopSignal } from "../../runtimes/node/lifecycle.ts";
import { parseListenAddress } from "../../runtimes/node/listen-address.ts";
import type { ListenAddress } from "../../runtimes/node/http-server.ts";
import { DATA_FOLDER } from "../../runtimes/node/file-store.ts";
import { openPeers } from "../../runtimes/node/peers.ts";
import { serve, type ServeOptions, type Serving } from "../../runtimes/node/serve.ts";
import { checkConfig, configurationError, issueLine, resourceReader } from "../config.ts";
import { defineCommand } from "../command.ts";
import { readYaml } from "../config-document.ts";
import { CommandError, UsageError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { printable, printError } from "../output.ts";

const DEFAULT_LISTEN: ListenAddress = { host: "127.0.0.1", port: 8443 };

export default defineCommand({
  about:
    "Runs the issuer until SIGTERM or SIGINT, then lets requests under way finish. SIGHUP has it read its configuration again: a good one is in force from the next request on, one that is not is told of and changes nothing. Standard output holds the audit log, one JSON line an event, and nothing else; messages go to standard error. Without keys: in the configuration, signing keys are made in .svidmint/ beside it on first start, and their files are named.",
  args: {
    config: {
      type: "string",
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration",
    },
    listen: {
      type: "string",
      valueHint: "HOST:PORT",
      description:
        "where to listen; put TLS in front of anything but loopback [default: host and port of the issuer URL where that is http on loopback, else 127.0.0.1:8443]",
    },
    "bundle-endpoint": {
      type: "string",
      valueHint: "HOST:PORT",
      description:
        "serve the bundle there too, by TLS with an X.509-SVID of the trust domain, for peers that fetch it by profile https_spiffe",
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
  ],
  exits:
    "0 stopped by a signal, 1 the issuer could not start or go on, 2 wrong usage or configuration",
  async run(args) {
    const kept = new Kept();
    const config = await load(args.config, kept.keep);
    const metricsToken = process.env["SVIDMINT_METRICS_TOKEN"];
    const folder = dirname(resolve(args.config));
    const read = resourceReader(args.config);
    const serving = await start(args.config, async () => ({
      config: await withKeys(config, folder),
      kept,
      folder,
      read,
      readPrivate: privateReader(read, folder),
      listen: address("listen", args.listen) ?? addressOf(config.issuer),
      metrics: {
        ...(args.metrics !== undefined && {
          listen: address("metrics", args.metrics) ?? DEFAULT_LISTEN,
        }),
        ...(metricsToken !== undefined && metricsToken !== "" && { token: metricsToken }),
      },
      ...(args["bundle-endpoint"] !== undefined && {
        bundleEndpoint: address("bundle-endpoint", args["bundle-endpoint"]) ?? DEFAULT_LISTEN,
      }),
      warn(issue) {
        // On a laptop, that no standby key is ready for an emergency is no news.
        if (config.keys === undefined && isLoopbackHttp(config.issuer) && issue.path[0] === "keys")
          return;
        printError(warningLine(args.config, issue));
      },
    }));
    tell(serving, config.issuer, args.config);
    onReloadSignal(
      () =>
        explained(args.config, "the configuration cannot be used", () =>
          serving.reload(async (keep) => withKeys(await load(args.config, keep), folder)),
        ),
      printError,
    );
    return new Promise(() => onStopSignal(() => serving.stop()));
  },
});

async function load(path: string, keep: Keep): Promise<Config> {
  const { config, issues } = await checkConfig(path, { keep, openPeers });
  if (config === undefined) throw configurationError(issues);
  for (const issue of issues) printError(issueLine(issue));
  return config;
}

async function withKeys(config: Config, folder: string): Promise<Config> {
  return config.keys === undefined ? { ...config, keys: await ownKeys(config, folder) } : config;
}

/** Local keys, made at the first start; told each time, so that nobody takes them for something better. */
async function ownKeys(config: Config, folder: string): Promise<KeysConfig> {
  const { keys, path, created } = await localKeys({
    platform,
    trustDomain: config.trustDomain,
    folder,
    dataFolder: DATA_FOLDER,
    single: isSingle(config),
    parse(text) {
      const { value, issues } = readYaml(utf8Encode(text));
      if (issues.length > 0) throw new SyntaxError(issues[0]?.message);
      return value;
    },
  });
  const files = SVID_USES.flatMap((use) =>
    (keys[use] ?? []).flatMap(({ private_key: reference }) =>
      typeof reference === "string" ? reference.replace(/^file:/, "") : [],
    ),
  );
  printError(
    `${created ? "made local signing keys" : "signing with local keys"}: ${files.map(printable).join(", ")} (listed in ${printable(path)})`,
  );
  printError(
    "  warning: whoever reads these files, or this process's memory, can issue any identity of the trust domain",
  );
  return keys;
}

function start(path: string, options: () => Promise<ServeOptions>): Promise<Serving> {
  return explained(path, "the issuer cannot start", async () => serve(await options()));
}

/** @throws CommandError that says what is wrong, and how to mend it */
async function explained<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) {
      throw new CommandError(
        [what, ...error.issues.map((issue) => warningLine(path, issue))].join("\n"),
        2,
        { cause: error },
      );
    }
    if (error instanceof StoreError || error instanceof SignerError) {
      throw new CommandError(`${what}: ${printable(error.message)}`, 1, {
        cause: error,
      });
    }
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === "EADDRINUSE")
      throw new CommandError(
        "something else listens at that address; stop it, or choose another with --listen",
        1,
        { cause: error },
      );
    if (code === "EADDRNOTAVAIL" || code === "EACCES" || code === "ENOTFOUND")
      throw new CommandError(
        `cannot listen there (${code}); choose another address with --listen`,
        1,
        { cause: error },
      );
    throw error;
  }
}

function warningLine(file: string, { path, severity, message }: ConfigIssue): string {
  return printable(
    `${file}: ${severity}: ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`,
  );
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

/** What `init` wrote as the issuer's URL is where it is to be found. */
function addressOf(issuer: string): ListenAddress {
  if (!isLoopbackHttp(issuer)) return DEFAULT_LISTEN;
  const { hostname, port } = new URL(issuer);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port) };
}

function shown({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function tell(
  { address: listening, metricsAddress, bundleEndpoint }: Serving,
  issuer: string,
  config: string,
): void {
  printError(
    `svidmint serves ${printable(issuer)} at ${shown(listening)}, configured by ${printable(config)}`,
  );
  printError(
    "  POST /v1/svids   GET /bundle, /bundle/wit, /.well-known/openid-configuration, /.well-known/jwks.json",
  );
  printError("  GET /healthz, /readyz, /openapi.json");
  if (bundleEndpoint !== undefined)
    printError(
      `  GET /bundle, /bundle/wit at ${shown(bundleEndpoint.address)} as ${printable(bundleEndpoint.spiffeId)}`,
    );
  if (metricsAddress !== undefined) printError(`  GET /metrics at ${shown(metricsAddress)}`);
}
