import type { Bundle } from "../encoding/bundle.ts";
import type { Awaitable, Result } from "../result.ts";
import type { PublicDocument } from "../platform/public-document.ts";

/** A peer's bundle as we hold it: the very same object until that changes. */
export interface HeldBundle {
  readonly bundle: Bundle;
  /** The document that we hand out: the same keys, sequence and hint, in our own spelling. */
  readonly document: string;
  /** Unix seconds at which the peer last said so; of one that the configuration holds, when that was read. */
  readonly heldSince: number;
  readonly source: "fetched" | "stored" | "configured";
  /** Seconds after `heldSince` for which it may be used and handed out; absent of a pinned one, which has no end. */
  readonly maxAge?: number;
}

/** Peers of one trust domain. Bundles are looked up by name and never merged. */
export interface Peers {
  has(trustDomain: string): boolean;
  /**
   * Never waits: what is held now. A refresh that is due begins in the background.
   * @param now Unix seconds
   * @returns undefined where there is no such peer, nothing is held, or it is older than the peer's `max_age`
   */
  peek(trustDomain: string, now: number): HeldBundle | undefined;
  /** As `peek`, but where nothing is held yet it waits for the fetch that would bring it, a few seconds at most. */
  find(trustDomain: string, now: number): Awaitable<HeldBundle | undefined>;
  /** In the order of names. */
  states(now: number): readonly PeerState[];
  /** What is handed out of them; absent where there are none. */
  readonly documents?: PeerDocuments;
}

/** What is handed out of peers' bundles. Nobody waits for a peer: it is what is held now, or nothing. */
export interface PeerDocuments {
  /** Whether there is a document behind `/bundles` at this tail: none, or a slash and the name of a trust domain. */
  has(tail: string): boolean;
  /** @returns undefined where nothing is held that may be handed out */
  find(tail: string, own: OwnDocuments, now: number): Promise<PublicDocument | undefined>;
  /** Of an answer, what goes with the SVIDs: see `answerMembers`. */
  members(names: readonly string[], now: number): string;
}

export interface OwnDocuments {
  readonly bundle: PublicDocument;
  /** What `bundle` is written of. */
  readonly known: Bundle;
}

/** What people and metrics are told of a peer. */
export interface PeerState {
  readonly trustDomain: string;
  readonly profile: PeerProfile;
  readonly url?: string;
  readonly held?: HeldBundle;
  /** Of what is held, be it too old to be used or not. */
  readonly ageSeconds?: number;
  readonly usable: boolean;
  /** Unix seconds. */
  readonly nextRefreshAt?: number;
  /** Why the last refresh came to nothing. */
  readonly lastError?: PeerError;
}

/** `pinned`: the configuration holds the bundle, and nothing is fetched. */
export type PeerProfile = "https_web" | "https_spiffe" | "pinned";

/**
 * Why a peer's answer is not believed. `address`: where the URL leads is private; `redirect`: to another host, or too
 * often; `endpoint_identity`: whoever answers is not the configured SPIFFE ID; `rolled_back`: a lower sequence than
 * was seen; `foreign`: keys that name another trust domain.
 */
export type PeerErrorCode =
  | "address"
  | "network"
  | "timeout"
  | "tls"
  | "endpoint_identity"
  | "redirect"
  | "status"
  | "too_large"
  | "malformed"
  | "foreign"
  | "rolled_back";

export interface PeerError {
  readonly code: PeerErrorCode;
  /** In words that may stand in a log: nothing that the peer said. */
  readonly detail?: string;
}

interface FetchRequest {
  readonly url: string;
  /** Of what is held. */
  readonly etag?: string;
}

export type FetchAnswer =
  | { readonly status: 200; readonly bytes: Uint8Array; readonly etag?: string }
  | { readonly status: 304 };

/** Asks one endpoint, by its profile, within the limits of `LIMITS`. */
export type FetchBundle = (request: FetchRequest) => Promise<Result<FetchAnswer, PeerError>>;

export const LIMITS = {
  /** After any Content-Encoding is undone. */
  maxBytes: 1024 * 1024,
  /** For all of it, redirects included. */
  timeoutMs: 5000,
  redirects: 2,
} as const;
