import { parseJsonObject } from "../encoding/json.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import { fetchBounded } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import { type Awaitable, fail, type Result } from "../result.ts";
import { KeySet, type KeyReader, type KeySource } from "./key-set.ts";

/** The URL of the set, or the issuer whose discovery document names it (OpenID Connect Discovery 1.0 §4). */
export type KeyLocation = { readonly jwks: string } | { readonly discover: string };

export interface FetchedKeysOptions {
  /** Of each document, after any Content-Encoding is undone. 64 KiB unless told. */
  readonly maxBytes?: number;
  readonly allowLoopbackHttp?: boolean;
  readonly readKey?: KeyReader | undefined;
}

const MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 5000;
/** Of the document that names the set; what is fetched next may take the longer time. */
const DISCOVERY_TIMEOUT_MS = 3000;
/** Refreshes begin no closer together than this, whatever came of the last one: a stranger's tokens can ask for no more. */
const COOLDOWN_SECONDS = 30;
/** From this age (up to a quarter more, so that instances spread) a set is refreshed while it goes on being used. */
const FRESH_SECONDS = 480;
/** From this age whoever finds it waits for the refresh first: so a key that was withdrawn is soon refused … */
const WAIT_SECONDS = 3600;
/** … and while the issuer cannot be reached, a set serves for so long. */
const STALE_SECONDS = 86_400;
const REDISCOVER_SECONDS = 3600;

/**
 * Keys that an issuer publishes, kept and refreshed. The URL comes from configuration alone.
 *
 * Single flight without a shared fetch: one request begins a refresh and the others wait for its outcome, each with
 * a timer of its own. On Workers the request that began it may end, or its client hang up, and its promise then never
 * settles; a waiter gives up by itself, `Platform.background` keeps the fetch alive, and since what gates the
 * next refresh is the clock and not that promise, nothing stays stuck.
 */
export class FetchedKeys implements KeySource {
  readonly #platform: Platform;
  readonly #location: KeyLocation;
  readonly #options: FetchedKeysOptions;
  #set: KeySet | undefined;
  #fetchedAt = 0;
  #freshSeconds = FRESH_SECONDS;
  #begunAt: number | undefined;
  #failure: string | undefined;
  /** What was asked for last, without its query, which could hold a credential. */
  #asked = "";
  #pending: Promise<void> | undefined;
  #discovered: { readonly url: string; readonly at: number } | undefined;

  constructor(platform: Platform, location: KeyLocation, options: FetchedKeysOptions = {}) {
    this.#platform = platform;
    this.#location = location;
    this.#options = options;
  }

  find(kid: string, alg: string, now: number): Awaitable<Result<PublicKey>> {
    const age = distance(now, this.#fetchedAt);
    if (this.#set?.has(kid) && age < STALE_SECONDS) {
      if (age < this.#freshSeconds) return this.#set.find(kid, alg, this.#platform);
      const begun = this.#begin(now);
      if (begun === undefined || age < WAIT_SECONDS)
        return this.#set.find(kid, alg, this.#platform);
      return begun.then(() => this.#found(kid, alg, now));
    }
    const outcome = this.#begin(now) ?? this.#outcomeOfAnother();
    return outcome === undefined
      ? this.#found(kid, alg, now)
      : outcome.then(() => this.#found(kid, alg, now));
  }

  /** What the set says as it now is. That a kid is not in it is believed only if the last refresh went well. */
  #found(kid: string, alg: string, now: number): Awaitable<Result<PublicKey>> {
    const set = distance(now, this.#fetchedAt) < STALE_SECONDS ? this.#set : undefined;
    if (set?.has(kid)) return set.find(kid, alg, this.#platform);
    if (this.#pending !== undefined) return fail("keys_unavailable", "still being fetched");
    if (this.#failure !== undefined) return fail("keys_unavailable", this.#failure);
    return set === undefined ? fail("keys_unavailable", "too old") : fail("key_unknown");
  }

  /** @returns undefined where a refresh was begun less than the cooldown ago */
  #begin(now: number): Promise<void> | undefined {
    if (this.#begunAt !== undefined && distance(now, this.#begunAt) < COOLDOWN_SECONDS)
      return undefined;
    this.#begunAt = now;
    const refresh = this.#refresh(now).finally(() => {
      if (this.#pending === refresh) this.#pending = undefined;
    });
    this.#pending = refresh;
    this.#platform.background?.(refresh);
    return refresh;
  }

  #outcomeOfAnother(): Promise<void> | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DISCOVERY_TIMEOUT_MS + TIMEOUT_MS);
    });
    return Promise.race([pending, patience]).finally(() => clearTimeout(timer));
  }

  /** Never rejects: nobody may be waiting for it. */
  async #refresh(now: number): Promise<void> {
    try {
      this.#set = await this.#load(now);
      this.#fetchedAt = now;
      const [jitter = 0] = this.#platform.random(1);
      this.#freshSeconds = FRESH_SECONDS * (1 + jitter / 1024);
      this.#failure = undefined;
    } catch (error) {
      this.#discovered = undefined;
      const why = error instanceof Unusable ? error.message : "unexpected failure";
      this.#failure = `${why} at ${this.#asked}`;
    }
  }

  async #load(now: number): Promise<KeySet> {
    const url =
      "jwks" in this.#location
        ? this.#location.jwks
        : await this.#discover(this.#location.discover, now);
    const set = KeySet.parse(await this.#get(url, TIMEOUT_MS), this.#options.readKey);
    if (!set.ok) throw new Unusable("not a key set");
    return set.value;
  }

  /** The discovery document may move the keys about on the issuer's own host, and nowhere else. */
  async #discover(issuer: string, now: number): Promise<string> {
    if (this.#discovered !== undefined && distance(now, this.#discovered.at) < REDISCOVER_SECONDS)
      return this.#discovered.url;
    const bytes = await this.#get(
      `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
      DISCOVERY_TIMEOUT_MS,
    );
    const document = parseJsonObject(bytes);
    if (!document.ok) throw new Unusable("not a discovery document");
    const { issuer: stated, jwks_uri: url } = document.value;
    if (stated !== issuer) throw new Unusable("a discovery document of another issuer");
    if (typeof url !== "string" || !sameOrigin(url, issuer))
      throw new Unusable("jwks_uri is not on the issuer's host: configure jwks");
    this.#discovered = { url, at: now };
    return url;
  }

  async #get(url: string, timeoutMs: number): Promise<Uint8Array> {
    [this.#asked = ""] = url.split("?");
    const response = await fetchBounded(this.#platform, url, {
      maxBytes: this.#options.maxBytes ?? MAX_BYTES,
      timeoutMs,
      headers: { accept: "application/json" },
      allowLoopbackHttp: this.#options.allowLoopbackHttp === true,
    });
    if (!response.ok) throw new Unusable(response.error.detail ?? response.error.code);
    if (response.value.status !== 200) throw new Unusable(`status ${response.value.status}`);
    return response.value.bytes;
  }
}

/** Why a refresh came to nothing, in words that may stand in a log. */
class Unusable extends Error {}

/** Also where a clock was set back: what seems to come from the future is as doubtful as what is old. */
function distance(a: number, b: number): number {
  return Math.abs(a - b);
}

function sameOrigin(url: string, other: string): boolean {
  return URL.canParse(url) && URL.canParse(other) && new URL(url).origin === new URL(other).origin;
}
