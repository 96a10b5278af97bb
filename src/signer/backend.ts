import type { ReadResource } from "../config-issue.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import type { Platform } from "../platform/platform.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import type { Signer } from "./signer.ts";

/** A key where it lies: in this process, or in a key service. Opening one calls no service. */
export interface KeyHandle {
  /** Where the key at hand tells it; else the configuration does. */
  readonly publicKey?: PublicKey;
  /** @returns undefined where the backend has no such algorithm */
  signer(id: string, chosen: ChosenAlgorithm, publicKey: PublicKey): Signer | undefined;
}

/** What is wrong with an entry, by its field. */
export type Complain = (field: string, message: string) => void;

export interface BackendDeps {
  readonly platform: Platform;
  readonly read: ReadResource;
  /** For private keys: on Node it refuses files that others can read. */
  readonly readPrivate: ReadResource;
  /** The process's variables on Node, the bindings on Workers. */
  readonly env: (name: string) => unknown;
  readonly complain: Complain;
}

interface BackendOpener<S = unknown> {
  open(settings: S, deps: BackendDeps): Promise<KeyHandle | undefined>;
}

/**
 * Opens a key as its entry says, whose form was checked.
 * @returns undefined where there is no private key any more, or something is wrong, which `complain` is told
 */
type OpenBackend<S = unknown> = BackendOpener<S>["open"];

/** The backends that a runtime has, by the value of `backend`. */
export type Backends = Readonly<Record<string, OpenBackend>>;

/** @see OpenBackend */
export async function openBackend(
  backends: Backends,
  name: string,
  settings: unknown,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const open = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (open !== undefined) return open(settings, deps);
  deps.complain("backend", `this deployment does not list ${name}`);
  return undefined;
}
