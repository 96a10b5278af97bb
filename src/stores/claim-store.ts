/**
 * First use: evidence that names no key and no audience of ours belongs to the first key that claims it.
 * Every operation is one atomic, linearisable step. All times are Unix seconds and come from the caller,
 * so that one clock decides; a store's own expiry only cleans up.
 */
export interface ClaimStore {
  /**
   * Decides who owns a piece of evidence, and makes the caller an owner where it may be one. Asking again with the
   * same `requestId` gives the same answer, so that a lost one may be asked for again.
   */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** First sight of a one-time value (a DPoP `jti`); never released. */
  once(key: string, now: number, ttlSeconds: number): Promise<"new" | "seen">;
  /**
   * An operator's word: `owner` owns the key from now on, alone, whatever stood there. The generation that stood
   * there stays; where none did, the owner's next claim sets it, and until then no other document is later.
   */
  assign(key: string, owner: string, now: number, ttlSeconds: number): Promise<void>;
  /**
   * Takes one owner back, or all and a ban with them. With `unusedBy`, only what this very request made and nobody
   * renewed. @returns whether anything was taken back
   */
  release(
    key: string,
    options?: { readonly owner?: string; readonly unusedBy?: string },
  ): Promise<boolean>;
  /** What stands there, be it past its `expiresAt` or not. */
  show(key: string): Promise<ClaimRecord | undefined>;
  /** All of them, where the store can tell; one past its `expiresAt` may still be among them. */
  list?(): Promise<readonly ({ readonly key: string } & ClaimRecord)[]>;
  /** Nobody may own the key again until it is assigned or released by an operator. */
  ban(key: string, now: number): Promise<void>;
  /** Snapshots (last-known-good bundles); need not be linearisable. */
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, value: Uint8Array): Promise<void>;
  close?(): Promise<void>;
}

export interface ClaimRequest {
  /** Lower-case hex SHA-256 of type, trust domain and signed identity. */
  readonly key: string;
  /** RFC 7638 thumbprint of the requester's key, base64url. */
  readonly owner: string;
  /** `pendingTime` for `aws_iid`, else 0. A higher one replaces the owners, a lower one is `stale`. */
  readonly generation: number;
  readonly now: number;
  /** How long the claim lasts; `same` extends it. */
  readonly ttlSeconds: number;
  /** How many owners there may be at once, 1 to 1024. */
  readonly maxOwners: number;
  /** An owner that has not renewed for so long makes room when `maxOwners` > 1. */
  readonly idleSeconds?: number;
  /** False: an owner is recognised, nobody becomes one, nothing else changes. */
  readonly create: boolean;
  /** Unique to the request, so that it can take back what it created: see `release`. */
  readonly requestId: string;
}

export type ClaimOutcome = "created" | "same" | "taken" | "stale" | "banned";

export interface ClaimAnswer {
  readonly outcome: ClaimOutcome;
  /** The owners that stand in the way, for the alarm event of a `taken`; none where `create` was false and nobody owned it. */
  readonly owners?: readonly string[];
}

export interface ClaimRecord {
  readonly generation: number;
  readonly banned: boolean;
  /** `Infinity` for a ban. */
  readonly expiresAt: number;
  readonly owners: readonly {
    readonly owner: string;
    readonly since: number;
    readonly renewedAt: number;
  }[];
}
