import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { loadConfig, type Config } from "../issuer/config.ts";
import { Kept, type Keep } from "../kept.ts";
import { nodePlatform } from "../platform/node/node-platform.ts";
import { keptBackends, keptModes } from "../signer/kept-keys.ts";
import { allModes } from "../signer/modes.ts";
import { attestors } from "./node/attestors.ts";
import { backends } from "./node/backends.ts";
import { configSources, type ConfigSource } from "./node/config-sources.ts";
import { onReloadSignal, onStopSignal, type Reload } from "./node/lifecycle.ts";
import { parseListenAddress } from "./node/listen-address.ts";
import { metricsTokenOf } from "./node/metrics-token.ts";
import { openPeers } from "./node/peers.ts";
import { readNodeReference } from "./node/references.ts";
import { Server } from "./node/serve.ts";
import { toStandardError } from "./node/standard-error.ts";

/**
 * The server for containers: configured by its environment, one file when bundled, no YAML parser.
 * `SVIDMINT_CONFIG`: see `configSources`. `HOST`, `PORT`: where to listen (0.0.0.0:8080). SIGHUP reads the files again.
 * `SVIDMINT_METRICS_LISTEN`: host:port of a listener for `/metrics`; `SVIDMINT_METRICS_TOKEN`: who may read it here.
 * `SVIDMINT_BUNDLE_ENDPOINT`: host:port of a listener for peers that fetch the bundle by profile `https_spiffe`; of
 * several trust domains one each, with commas between them.
 */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const token = metricsTokenOf(env);
  const server = new Server();
  const sources = configSources(env["SVIDMINT_CONFIG"]);
  const reloads: Reload[] = [];
  for (const source of sources) reloads.push(await open(server, source)); // oxlint-disable-line no-await-in-loop -- each beside those before it
  const metricsListen = env["SVIDMINT_METRICS_LISTEN"];
  const endpoints = env["SVIDMINT_BUNDLE_ENDPOINT"]?.split(",") ?? [];
  const serving = await server.serve({
    listen: parseListenAddress(`${env["HOST"] ?? "0.0.0.0"}:${env["PORT"] ?? "8080"}`),
    metrics: {
      token,
      ...(metricsListen !== undefined && { listen: parseListenAddress(metricsListen) }),
    },
    bundleEndpoints: endpoints.map((text) => parseListenAddress(text.trim())),
  });
  const { host, port } = serving.address;
  for (const issuer of server.issuers)
    toStandardError(`svidmint serves ${issuer.url} on ${host}:${port}`);
  onReloadSignal(reloads, toStandardError);
  onStopSignal(() => serving.stop());
}

async function open(server: Server, source: ConfigSource): Promise<Reload> {
  const { name, folder } = source;
  const read = (reference: string): Promise<Uint8Array> => readNodeReference(reference, folder);
  const warn = ({ path, message }: ConfigIssue): void =>
    toStandardError(`warning: ${name}: ${path.join(".")}: ${message}`);
  const load = async (keep: Keep): Promise<Config> => {
    const { config, issues } = await loadConfig(await source.document(), {
      platform: nodePlatform(),
      registry: attestors,
      openPeers,
      read,
      keep,
      keys: {
        backends: keptBackends(backends, keep),
        modes: keptModes(allModes, keep),
        env: (variable) => process.env[variable],
      },
    });
    if (config === undefined)
      throw new ConfigError(issues.filter(({ severity }) => severity === "error"));
    issues.forEach(warn);
    return config;
  };
  const kept = new Kept();
  const config = await load(kept.keep);
  const { reload } = await server.open({ file: name, config, kept, folder, read, warn });
  return { file: name, reload: () => reload(load) };
}

main(process.env).catch((error: unknown) => {
  toStandardError(
    `svidmint did not start: ${error instanceof Error ? error.message : "unknown fault"}`,
  );
  process.exit(2);
});
