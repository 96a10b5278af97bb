import { variable, type CredentialDeps } from "../../platform/credentials.ts";
import type { Platform } from "../../platform/platform.ts";
import type { SvidUse } from "../../signer/algorithms.ts";
import type { KeyMode } from "../../signer/definition.ts";
import { CommandError, UsageError } from "../errors.ts";

/** Kinds of keys that `keys create` makes, by the value of `--type`. */
export const KEY_TYPES = ["p256", "p384", "rsa2048", "rsa3072", "rsa4096", "ed25519"] as const;
export type KeyType = (typeof KEY_TYPES)[number];

/** A key that is to be made. */
export interface KeyRequest {
  readonly id: string;
  readonly use: SvidUse;
  /** `wrapped`: a key that encrypts data keys; else one that signs. */
  readonly mode: KeyMode;
  readonly type: KeyType;
  readonly trustDomain: string;
  /** Where the service has regions, vaults or mounts: as `--where` says it. */
  readonly where?: string | undefined;
}

/** Members of the entry that name a key, as the backend's definition has them. */
export type KeySettings = Readonly<Record<string, unknown>>;

/**
 * What an operator does with a key service, by credentials of their own: none of it is ever asked of the issuer's.
 * One object a backend; each method asks the service but `byHand` and `leastPolicy`.
 */
export interface KeyAdmin {
  /** Service and console as people know it: `AWS KMS`. */
  readonly name: string;
  /** What to type to make the key without us, one command a line. */
  byHand(request: KeyRequest): readonly string[];
  /** The least that the issuer needs on a key in a mode, in the service's own notation. */
  leastPolicy(mode: KeyMode, settings: KeySettings): string;
  /** @returns members of the new key's entry. @throws KeyServiceError */
  create(request: KeyRequest): Promise<KeySettings>;
  /** @returns DER SubjectPublicKeyInfo of a key that signs. @throws KeyServiceError */
  publicKey(settings: KeySettings): Promise<Uint8Array>;
  /**
   * A new 32-byte data key, plain and as the service encrypted it for this context.
   * @throws KeyServiceError
   */
  dataKey?(settings: KeySettings, context: string): Promise<DataKey>;
  /** Actions that the credentials are granted though an issuer needs none of them. @throws KeyServiceError */
  surplus?(settings: KeySettings): Promise<readonly string[]>;
  /** Where the service answers, whatever it says: for its clock. */
  endpoint?(settings: KeySettings): string | undefined;
}

interface DataKey {
  readonly plain: Uint8Array;
  readonly wrapped: Uint8Array;
}

/** The same sources of credentials as the issuer has; on an operator's machine they find the operator's. */
export interface AdminDeps extends CredentialDeps {
  readonly platform: Platform;
  /** A file: public half of the key that is to decrypt data keys, where only that is needed to wrap. */
  readonly wrappingKey?: string | undefined;
}

/** The service refused, or gave no answer. The message is complete, and holds no secret. */
export class KeyServiceError extends CommandError {
  /** The credentials are not allowed to do it. */
  readonly denied: boolean;
  /** What was asked for is not there. */
  readonly missing: boolean;
  constructor(message: string, denied: boolean, options?: { cause?: unknown; missing?: boolean }) {
    super(message, 1, options);
    this.denied = denied;
    this.missing = options?.missing === true;
  }
}

/**
 * The name of an entry's key: of replicas, that of this region, else any, since they have one public key.
 * @param own the region as the platform itself names it
 * @throws UsageError
 */
export function keyIn({ key }: KeySettings, deps: AdminDeps, own?: string): string {
  if (typeof key === "string") return key;
  const replicas = new Map(Object.entries(typeof key === "object" && key !== null ? key : {}));
  const here = variable(deps, "SVIDMINT_REGION") ?? own ?? "";
  const name: unknown = replicas.get(here) ?? [...replicas.values()][0];
  if (typeof name === "string") return name;
  throw new UsageError("the entry names no key: give it by --key");
}
