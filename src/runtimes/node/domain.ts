import type { ConfigIssue, ReadResource } from "../../config-issue.ts";
import type { Neighbours } from "../../issuer/beside.ts";
import type { Config } from "../../issuer/config.ts";
import type { Issuer } from "../../issuer/issuer.ts";
import { openReloadable } from "../../issuer/reload.ts";
import { Kept, type Keep } from "../../kept.ts";
import { nodePlatform } from "../../platform/node/node-platform.ts";
import { allModes } from "../../signer/modes.ts";
import { attestors } from "./attestors.ts";
import type { AuditSinks } from "./audit-sinks.ts";
import { backends } from "./backends.ts";
import { dataFolders } from "./file-store.ts";
import { keepFresh } from "./keep-fresh.ts";
import { peerStoreOf } from "./peer-folder.ts";
import { signingInStep } from "./signing-in-step.ts";
import { toStandardError } from "./standard-error.ts";
import { nodeStores } from "./stores.ts";

export interface DomainOptions {
  /** Its configuration, as people call it. */
  readonly file: string;
  readonly config: Config;
  /** What it was read with. */
  readonly kept?: Kept;
  /** What `file:` paths and the folder `.svidmint` are relative to. */
  readonly folder: string;
  readonly read: ReadResource;
  readonly readPrivate?: ReadResource;
  readonly warn: (issue: ConfigIssue) => void;
}

/** What trust domains of one process have in common. */
export interface Shared {
  readonly audits: AuditSinks;
  readonly neighbours: Neighbours;
}

export interface ServedDomain {
  readonly issuer: Issuer;
  /** See `Reloadable`. */
  readonly reload: (read: (keep: Keep) => Promise<Config>) => Promise<void>;
  /** Of the SPIFFE ID of its bundle endpoint, as the configuration in force has it. */
  readonly endpointPath: () => string;
  readonly close: () => Promise<void>;
}

/** One trust domain of this process, ready to serve. @throws ConfigError, StoreError, SignerError */
export async function openDomain(
  { file, config, kept, folder, read, readPrivate, warn }: DomainOptions,
  { audits, neighbours }: Shared,
): Promise<ServedDomain> {
  const closers: (() => Promise<void>)[] = [];
  const platform = signingInStep(nodePlatform());
  const folders = dataFolders(config, folder);
  let { endpointPath } = config;
  let stopPeers: (() => Promise<void>) | undefined;
  const close = async (): Promise<void> => {
    await stopPeers?.(); // before its store is closed
    await Promise.all(closers.map((closer) => closer()));
  };
  const opened = await openReloadable(
    config,
    {
      platform,
      registry: attestors,
      read,
      ...(readPrivate && { readPrivate }),
      audit: audits.open(config.audit, folder),
      warn,
      log: toStandardError,
      stores: nodeStores(folder),
      peerStore: peerStoreOf(config, folder),
      backends,
      modes: allModes,
      env: (name) => process.env[name],
      opened: (store) => closers.push(async () => store.close?.()),
      admit: ({ config: admitted, keys }) =>
        neighbours.admit({ file, config: admitted, keys, folders }),
      inForce({ config: entered, keys }) {
        neighbours.enter({ file, config: entered, keys, folders });
        ({ endpointPath } = entered);
        void stopPeers?.();
        stopPeers = keepFresh(entered.heldPeers, () => platform.now());
      },
    },
    kept ?? new Kept(),
  ).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    ...opened,
    endpointPath: () => endpointPath,
    close,
  };
}
