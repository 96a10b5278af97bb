import { resolve } from "node:path";
import type { ConfigIssue, ReadResource } from "../../config-issue.ts";
import { createApp } from "../../handlers/app.ts";
import { metricsResponse } from "../../handlers/metrics.ts";
import openapi from "../../gen/openapi.ts";
import { openReloadable, type ReloadDeps } from "../../issuer/reload.ts";
import type { Config } from "../../issuer/config.ts";
import type { Issuer } from "../../issuer/issuer.ts";
import { Kept, type Keep } from "../../kept.ts";
import { allModes } from "../../signer/modes.ts";
import { nodePlatform } from "../../platform/node/node-platform.ts";
import { attestors } from "./attestors.ts";
import { auditFile } from "./audit-file.ts";
import { backends, closeBackends } from "./backends.ts";
import { listenForPeers } from "./bundle-endpoint.ts";
import { directSvids } from "./direct-svids.ts";
import { keepFresh } from "./keep-fresh.ts";
import { listen, type ListenAddress, type RunningServer } from "./http-server.ts";
import { peerStoreOf } from "./peer-folder.ts";
import { nodeStores } from "./stores.ts";

export interface ServeOptions {
  readonly config: Config;
  /** What it was read with. */
  readonly kept?: Kept;
  /** What `file:` paths and the folder `.svidmint` are relative to. */
  readonly folder: string;
  readonly read: ReadResource;
  readonly readPrivate?: ReadResource;
  readonly listen: ListenAddress;
  /** `listen`: a listener of its own. `token`: on the main one, for whoever sends it. */
  readonly metrics?: { readonly listen?: ListenAddress; readonly token?: string };
  /** Of the bundle endpoint of profile `https_spiffe`. */
  readonly bundleEndpoint?: ListenAddress;
  readonly warn: (issue: ConfigIssue) => void;
}

export interface Serving {
  readonly issuer: Issuer;
  readonly address: ListenAddress;
  readonly metricsAddress?: ListenAddress;
  readonly bundleEndpoint?: { readonly address: ListenAddress; readonly spiffeId: string };
  /** See `Reloadable`. */
  reload(read: (keep: Keep) => Promise<Config>): Promise<void>;
  stop(): Promise<void>;
}

/** Serves a configuration over HTTP until it is stopped. @throws ConfigError */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, folder, metrics } = options;
  const closers: (() => Promise<void>)[] = [];
  const sink = config.audit?.sink ?? "stdout";
  const audit = auditFile({
    target: sink === "stdout" ? 1 : resolve(folder, sink.slice("file:".length)),
    sync: config.audit?.required === true && sink !== "stdout",
  });
  closers.push(closeBackends, () => audit.close());
  const platform = nodePlatform();
  let stopPeers: (() => void) | undefined;
  let { endpointPath } = config;
  const deps: ReloadDeps = {
    platform,
    registry: attestors,
    read: options.read,
    ...(options.readPrivate && { readPrivate: options.readPrivate }),
    audit,
    warn: options.warn,
    log: (line) => process.stderr.write(`${line}\n`),
    stores: nodeStores(folder),
    peerStore: peerStoreOf(config, folder),
    backends,
    modes: allModes,
    env: (name) => process.env[name],
    opened: (store) => closers.unshift(async () => store.close?.()),
    inForce({ heldPeers, endpointPath: path }) {
      endpointPath = path;
      stopPeers?.();
      stopPeers = keepFresh(heldPeers, () => platform.now());
    },
  };
  closers.unshift(() => Promise.resolve(stopPeers?.()));
  const { issuer, reload } = await openReloadable(config, deps, options.kept ?? new Kept());
  const app = createApp(issuer, {
    openapi,
    ...(metrics?.token !== undefined && { metrics: { token: metrics.token } }),
  });
  const main = await listen(app.fetch, options.listen, { direct: directSvids(issuer) });
  const extra = metrics?.listen && (await listenForMetrics(issuer, metrics.listen));
  const endpoint =
    options.bundleEndpoint &&
    (await listenForPeers(issuer, app.fetch, options.bundleEndpoint, {
      platform,
      path: () => endpointPath,
      log: (line) => process.stderr.write(`${line}\n`),
    }));
  return {
    issuer,
    address: main.address,
    ...(extra && { metricsAddress: extra.address }),
    ...(endpoint && {
      bundleEndpoint: {
        address: endpoint.address,
        spiffeId: `spiffe://${config.trustDomain}${endpointPath}`,
      },
    }),
    reload,
    async stop() {
      await Promise.all([main.stop(), extra?.stop(), endpoint?.stop()]);
      for (const close of closers) await close(); // oxlint-disable-line no-await-in-loop -- the store and the keys before the log
    },
  };
}

function listenForMetrics(issuer: Issuer, address: ListenAddress): Promise<RunningServer> {
  return listen((request) => {
    const { pathname } = new URL(request.url);
    const metrics =
      pathname === "/metrics" && request.method === "GET"
        ? metricsResponse(request, issuer.metrics, { open: true })
        : undefined;
    return metrics ?? new Response("not found\n", { status: 404 });
  }, address);
}
