import openapi from "../../gen/openapi.ts";
import { createApp, operatorApp, type AppOptions } from "../../handlers/app.ts";
import { selector } from "../../handlers/domains.ts";
import { Neighbours } from "../../issuer/beside.ts";
import type { Issuer } from "../../issuer/issuer.ts";
import { nodePlatform } from "../../platform/node/node-platform.ts";
import { AuditSinks } from "./audit-sinks.ts";
import { closeBackends } from "./backends.ts";
import { listenForPeers } from "./bundle-endpoint.ts";
import { directSvids } from "./direct-svids.ts";
import { openDomain, type DomainOptions, type ServedDomain } from "./domain.ts";
import {
  listen,
  responder,
  type ListenAddress,
  type ListenOptions,
  type RunningServer,
  type Service,
} from "./http-server.ts";
import { mergedMetrics } from "./merged-metrics.ts";
import { listenForMetrics } from "./metrics-listener.ts";
import { toStandardError } from "./standard-error.ts";
import { targetOf } from "./target.ts";

export interface ServeOptions {
  readonly listen: ListenAddress;
  /** `listen`: a listener of its own. `token`: on the main one, for whoever sends it. */
  readonly metrics?: {
    readonly listen?: ListenAddress | undefined;
    readonly token?: string | undefined;
  };
  /** Of the bundle endpoints of profile `https_spiffe`, in the order of the trust domains; none, or one each. */
  readonly bundleEndpoints: readonly ListenAddress[];
}

export interface Serving {
  readonly address: ListenAddress;
  readonly metricsAddress?: ListenAddress;
  readonly bundleEndpoints: readonly {
    readonly address: ListenAddress;
    readonly spiffeId: string;
  }[];
  stop(): Promise<void>;
}

/** A process that serves one trust domain or several. */
export class Server {
  readonly #shared = { audits: new AuditSinks(toStandardError), neighbours: new Neighbours() };
  readonly #domains: ServedDomain[] = [];
  readonly #listeners: RunningServer[] = [];
  #stopping = false;

  get issuers(): readonly Issuer[] {
    return this.#domains.map(({ issuer }) => issuer);
  }

  /** One more trust domain. @throws ConfigError, StoreError, SignerError */
  async open(options: DomainOptions): Promise<ServedDomain> {
    return this.#orStopped(async () => {
      const domain = await openDomain(options, this.#shared);
      this.#domains.push(domain);
      return domain;
    });
  }

  /** Serves those that were opened over HTTP, until it is stopped. */
  async serve(options: ServeOptions): Promise<Serving> {
    return this.#orStopped(() => this.#serve(options));
  }

  /** Of a start that fails nothing stays open: neither a socket that is served nor what would keep the process alive. */
  async #orStopped<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await start();
    } catch (error) {
      await this.#stop().catch(() => {}); // why it fails is told, not what came of that
      throw error;
    }
  }

  async #serve({ listen: address, metrics, bundleEndpoints }: ServeOptions): Promise<Serving> {
    const { issuers } = this;
    const rendered = mergedMetrics(issuers);
    const ready = (): boolean => !this.#stopping && issuers.every((issuer) => issuer.ready());
    const app: AppOptions = {
      openapi,
      whole: { ready, metrics: rendered },
      ...(metrics?.token !== undefined && { metrics: { token: metrics.token } }),
    };
    const { fetch, ...options } = serviceOf(issuers, app);
    const main = this.#runs(await listen(fetch, address, options));
    const extra = metrics?.listen && this.#runs(await listenForMetrics(rendered, metrics.listen));
    return {
      address: main.address,
      ...(extra && { metricsAddress: extra.address }),
      bundleEndpoints: await this.#listenForPeers(bundleEndpoints, app),
      stop: () => this.#stop(),
    };
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#listeners.map((one) => one.stop()));
    // The stores and the keys before the log.
    await Promise.all(this.#domains.map(({ close }) => close()));
    await closeBackends();
    await this.#shared.audits.close();
  }

  #runs<T extends RunningServer>(listener: T): T {
    this.#listeners.push(listener);
    return listener;
  }

  async #listenForPeers(addresses: readonly ListenAddress[], options: AppOptions) {
    if (addresses.length !== 0 && addresses.length !== this.#domains.length)
      throw new RangeError(
        "expected no bundle endpoint, or as many as there are trust domains, in their order",
      );
    const endpoints: { readonly address: ListenAddress; readonly spiffeId: string }[] = [];
    for (const [index, wanted] of addresses.entries()) {
      const domain = this.#domains[index];
      if (domain === undefined) throw new RangeError("no such trust domain");
      const { issuer, endpointPath } = domain;
      const fetch = createApp(issuer, options).fetch;
      const { address } = this.#runs(
        // oxlint-disable-next-line no-await-in-loop -- what listens is known when the next one fails
        await listenForPeers(issuer, fetch, wanted, {
          platform: nodePlatform(),
          path: endpointPath,
          log: toStandardError,
        }),
      );
      endpoints.push({ address, spiffeId: `spiffe://${issuer.trustDomain}${endpointPath()}` });
    }
    return endpoints;
  }
}

/** Of one trust domain, whatever host a request names; of several, that of each by its host and base path. */
function serviceOf(
  issuers: readonly Issuer[],
  options: AppOptions,
): Service & Pick<ListenOptions, "route"> {
  const [first] = issuers;
  if (first === undefined) throw new TypeError("no trust domain was opened");
  const service = (issuer: Issuer): Service => ({
    fetch: createApp(issuer, options).fetch,
    direct: directSvids(issuer),
  });
  if (issuers.length === 1) return service(first);
  const select = selector(issuers.map((issuer) => [issuer.url, responder(service(issuer))]));
  return {
    fetch: operatorApp(first, options).fetch,
    route(incoming) {
      const { authority, path } = targetOf(incoming);
      return select(authority, path);
    },
  };
}
