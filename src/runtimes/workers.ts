import { waitUntil } from "cloudflare:workers";
import { toResponse } from "../handlers/answer.ts";
import { createApp } from "../handlers/app.ts";
import { problem } from "../handlers/problem.ts";
import type { Issuer } from "../issuer/issuer.ts";
import { openStored, type OpenStoredDeps } from "../issuer/stored-config.ts";
import { ConfigError } from "../config-issue.ts";
import { webCryptoPlatform } from "../platform/webcrypto.ts";
import openapi from "../gen/openapi.ts";
import type { OpenAttestor } from "../attestors/attestor.ts";
import { portableOpeners } from "../attestors/openers.ts";
import type { Backends } from "../signer/backend.ts";
import type { SnapshotStore } from "../federation/snapshots.ts";
import type { OpenPeers } from "../federation/open-peers.ts";
import type { Modes } from "../signer/mode.ts";
import { openLocal } from "../signer/local.ts";
import { openDurableObject } from "../stores/workers/durable-object.ts";
import { readReference } from "./references.ts";
import type { Several } from "./several-domains.ts";

/** The class that the binding of the claim store names. */
export { ClaimObject } from "../stores/workers/durable-object.ts";
/** What `worker` may be given: a bundle holds no more of them than its entry names. */
export * from "../attestors/openers.ts";
export { openAwsKms } from "../signer/aws-kms.ts";
export { openGcpKms } from "../signer/gcp-kms.ts";
export { openAwsPrivateCa } from "../signer/aws-private-ca.ts";
export { openAzureKeyVault } from "../signer/azure-key-vault.ts";
export { openCaFiles } from "../signer/ca-files.ts";
export { openStepCa } from "../signer/step-ca.ts";
export { openVaultPki } from "../signer/vault-pki.ts";
export { openVaultTransit } from "../signer/vault-transit.ts";
export { cacheStore } from "../federation/workers/cache-store.ts";
export { severalDomains } from "./several-domains.ts";
export { webFederation } from "../federation/web-federation.ts";
export { openDelegated } from "../signer/delegated.ts";
export { openUpstream } from "../signer/upstream.ts";
export { openWrapped } from "../signer/wrapped.ts";

/**
 * Cloudflare Workers. `SVIDMINT_CONFIG` is what `svidmint policy compile --for workers` wrote (a variable, or a JSON
 * binding); what it calls `env:NAME` is the binding or secret of that name. For several trust domains it is an array,
 * whose members are such configurations, or `env:NAME` of the binding that holds one.
 */
export interface WorkerEnv {
  readonly SVIDMINT_CONFIG?: unknown;
  readonly [name: string]: unknown;
}

export interface SvidmintWorker {
  fetch(request: Request, env: WorkerEnv): Promise<Response>;
}
type Attestors = Readonly<Record<string, OpenAttestor>>;
type App = ReturnType<typeof createApp>;

/** What a Worker ships beside its evidence types. */
export interface WorkerParts {
  /** Where its keys lie, beside `local`. */
  readonly backends?: Backends;
  /** How they sign, beside `direct`. */
  readonly modes?: Modes;
  /** What fetches the bundles of its peers: `webFederation`. */
  readonly federation?: OpenPeers;
  /** Where their bundles are kept, in place of the claim store: `cacheStore`. */
  readonly peerStore?: SnapshotStore;
  /** What serves more than one trust domain: `severalDomains`. */
  readonly domains?: Several;
}

/** @param attestors by evidence type: those that the configuration uses, so that nothing else is shipped */
export function worker(attestors: Attestors, parts: WorkerParts = {}): SvidmintWorker {
  // One isolate serves one deployment: its bindings do not change while it lives. Only a finished app is kept, since a
  // promise of another request may never resolve here.
  let running: App | undefined;
  return {
    async fetch(request, env) {
      try {
        running ??= await start(env, attestors, parts);
      } catch (error) {
        console.error(error instanceof ConfigError ? error.message : "svidmint did not start");
        const id = crypto.randomUUID().replaceAll("-", "");
        return toResponse(problem(503, "unavailable", id, "not configured: the log says why"));
      }
      return running.fetch(request);
    },
  };
}

/** With every evidence type there is. */
export default /* @__PURE__ */ worker(portableOpeners);

async function start(
  env: WorkerEnv,
  attestors: Attestors,
  { backends, modes, federation, peerStore, domains }: WorkerParts,
): Promise<App> {
  const binding = (name: string): unknown => env[name];
  const open = (document: unknown, more?: Pick<OpenStoredDeps, "admit">): Promise<Issuer> =>
    openStored(parsed(document), {
      // A key refresh that outlives the request which began it is finished for the next one.
      platform: webCryptoPlatform({ background: waitUntil }),
      attestors,
      stores: { durable_object: openDurableObject },
      backends: { local: openLocal, ...backends },
      ...(modes && { modes }),
      openPeers: federation,
      peerStore,
      env: binding,
      read: (reference) => readReference(reference, binding),
      // Best effort: the platform's log takes the line, nobody acknowledges it.
      audit: { write: (line) => console.log(line) }, // oxlint-disable-line no-console -- the audit log of this platform
      ...more,
    });
  const config = parsed(env.SVIDMINT_CONFIG);
  // Where the entry does not name what serves several, a list is refused as what is no configuration.
  return domains !== undefined && Array.isArray(config)
    ? domains(config, { open, env: binding, openapi })
    : createApp(await open(config), { openapi });
}

function parsed(config: unknown): unknown {
  return typeof config === "string" ? JSON.parse(config) : config;
}
