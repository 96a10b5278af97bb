import type { ReadResource } from "../config-issue.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import type { CloudLibraries } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import type { CaNameConstraints } from "../svid/ca-certificate.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import type { Signer } from "./signer.ts";

/**
 * A key where it lies: in this process, or in a key service. Opening one calls no service. Which of the three it is
 * used for is the entry's `mode`; a backend has what its definition's modes need.
 */
export interface KeyHandle {
  /** Where the key at hand tells it; else the configuration does. */
  readonly publicKey?: PublicKey;
  /** Modes `direct` and `delegated`. @returns undefined where the backend has no such algorithm */
  signer?(id: string, chosen: ChosenAlgorithm, publicKey: PublicKey): Signer | undefined;
  /** Mode `wrapped`. */
  unwrapper?(id: string): Unwrapper;
  /** Mode `upstream`. */
  upstream?(id: string): UpstreamCa;
}

/** A handle on a key that decrypts data keys and does nothing else. */
export interface Unwrapper {
  /**
   * @param wrapped the data key as the service encrypted it
   * @param context what the data key was encrypted for; a service that can bind such a text has to be given it, the
   *   others leave it, since what the data key opens is bound to the same text
   * @throws SignerError
   */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
}

/** A CA that exists without us, and signs intermediates. */
export interface UpstreamCa {
  /**
   * @returns DER certificates: the intermediate, then those between it and the CA's root, each signed by the next; the
   *   root itself may end the list. What they say is checked by the caller.
   * @throws SignerError
   */
  certify(request: IntermediateRequest): Promise<readonly Uint8Array[]>;
}

/** What is asked of an upstream CA. */
export interface IntermediateRequest {
  /** PKCS#10, DER, signed by the intermediate's key: its subject and extensions are what the certificate should have. */
  readonly csr: Uint8Array;
  readonly trustDomain: string;
  /** Those in the request. */
  readonly nameConstraints: CaNameConstraints;
  /** Unix seconds; a CA may give less. */
  readonly notAfter: number;
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
  /** Where the runtime has any. */
  readonly libraries?: CloudLibraries;
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

/**
 * Opens what a configuration names, if the deployment lists it.
 * @param field of the entry that names it
 */
export async function openListed<S, D extends { readonly complain: Complain }, T>(
  listed: Readonly<Record<string, (settings: S, deps: D) => Promise<T>>>,
  field: string,
  name: string,
  settings: S,
  deps: D,
): Promise<T | undefined> {
  const open = Object.hasOwn(listed, name) ? listed[name] : undefined;
  if (open !== undefined) return open(settings, deps);
  deps.complain(field, `this deployment does not list ${name}`);
  return undefined;
}

/** @see OpenBackend */
export function openBackend(
  backends: Backends,
  name: string,
  settings: unknown,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  return openListed(backends, "backend", name, settings, deps);
}
