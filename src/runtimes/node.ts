import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { loadConfig, type Config } from "../issuer/config.ts";
import { Kept, type Keep } from "../kept.ts";
import { nodePlatform } from "../platform/node/node-platform.ts";
import { attestors } from "./node/attestors.ts";
import { onReloadSignal, onStopSignal } from "./node/lifecycle.ts";
import { parseListenAddress } from "./node/listen-address.ts";
import { openPeers } from "./node/peers.ts";
import { readNodeReference } from "./node/references.ts";
import { serve } from "./node/serve.ts";

/**
 * The server for containers: configured by its environment, one file when bundled, no YAML parser.
 * `SVIDMINT_CONFIG`: path of the compiled configuration, or its JSON text. `HOST`, `PORT`: where to listen
 * (0.0.0.0:8080). SIGHUP reads the file again. `SVIDMINT_METRICS_LISTEN`: host:port of a listener for `/metrics`; `SVIDMINT_METRICS_TOKEN`: who may read it here.
 * `SVIDMINT_BUNDLE_ENDPOINT`: host:port of a listener for peers that fetch the bundle by profile `https_spiffe`.
 */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const source = env["SVIDMINT_CONFIG"] ?? "svidmint.json";
  const inline = source.trimStart().startsWith("{");
  const folder = inline ? process.cwd() : dirname(source);
  const read = (reference: string): Promise<Uint8Array> =>
    readNodeReference(reference, folder, env);
  const load = async (keep: Keep): Promise<Config> => {
    const document: unknown = JSON.parse(inline ? source : await readFile(source, "utf8"));
    const platform = nodePlatform();
    const { config, issues } = await loadConfig(document, {
      platform,
      registry: attestors,
      openPeers,
      read,
      keep,
    });
    if (config === undefined)
      throw new ConfigError(issues.filter(({ severity }) => severity === "error"));
    issues.forEach(warn);
    return config;
  };
  const kept = new Kept();
  const config = await load(kept.keep);
  const metricsListen = env["SVIDMINT_METRICS_LISTEN"];
  const token = env["SVIDMINT_METRICS_TOKEN"];
  const endpoint = env["SVIDMINT_BUNDLE_ENDPOINT"];
  const serving = await serve({
    config,
    kept,
    folder,
    read,
    warn,
    listen: parseListenAddress(`${env["HOST"] ?? "0.0.0.0"}:${env["PORT"] ?? "8080"}`),
    metrics: {
      ...(metricsListen !== undefined && { listen: parseListenAddress(metricsListen) }),
      ...(token !== undefined && { token }),
    },
    ...(endpoint !== undefined && { bundleEndpoint: parseListenAddress(endpoint) }),
  });
  process.stderr.write(
    `svidmint serves ${config.issuer} on ${serving.address.host}:${serving.address.port}\n`,
  );
  onReloadSignal(
    () => serving.reload(load),
    (line) => process.stderr.write(`${line}\n`),
  );
  onStopSignal(() => serving.stop());
}

function warn({ path, message }: ConfigIssue): void {
  process.stderr.write(`warning: ${path.join(".")}: ${message}\n`);
}

main(process.env).catch((error: unknown) => {
  process.stderr.write(
    `svidmint did not start: ${error instanceof Error ? error.message : "unknown fault"}\n`,
  );
  process.exit(2);
});
