import type { Bundle, KeyAuthority } from "../encoding/bundle.ts";
import type { Jws } from "../encoding/jws.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { fail, ok, type Awaitable, type Result } from "../result.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { x509Authorities } from "./authorities.ts";
import type { Certificate } from "./certificate.ts";
import { keptAuthorities } from "./kept-authorities.ts";
import { verifyToken } from "./read-token.ts";
import { verifyX509Svid, type X509Svid } from "./verify-x509-svid.ts";

/** A bundle as somebody holds it. */
export interface KnownBundle {
  /** The same object while nothing has changed. */
  readonly bundle: Bundle;
  /** Unix seconds at which the trust domain last said so; absent of one's own, which has no age. */
  readonly heldSince?: number;
}

/** Bundles by the trust domain that they are of. Those of two are never merged: a name finds its own keys or none. */
export interface BundleSource {
  /** @param now Unix seconds. @returns undefined where nothing is held that may be used */
  find(trustDomain: string, now: number): Awaitable<KnownBundle | undefined>;
}

/** Which bundle something was verified with. */
export interface BundleUsed {
  readonly trustDomain: TrustDomain;
  readonly sequence?: bigint;
  /** Absent of one's own bundle. */
  readonly ageSeconds?: number;
}

/**
 * Verifies with the keys of one trust domain, which the caller read from the identity itself: no other bundle is
 * looked at, whatever it holds.
 */
export class BundleVerifier {
  readonly #source: BundleSource;
  readonly #crypto: CryptoPrimitives;
  readonly #open;
  readonly #authorities = new WeakMap<Bundle, readonly Certificate[]>();

  constructor(source: BundleSource, crypto: CryptoPrimitives) {
    this.#source = source;
    this.#crypto = crypto;
    this.#open = keptAuthorities(crypto);
  }

  /**
   * The signature alone: what the token says is for its profile to judge.
   * @returns `keys_unavailable` where no bundle is held | `key_unknown` | `algorithm_not_allowed` | `signature_invalid`
   */
  async token(
    jws: Jws,
    trustDomain: TrustDomain,
    authorities: (bundle: Bundle) => readonly KeyAuthority[],
    now: number,
  ): Promise<Result<BundleUsed>> {
    const known = await this.#source.find(trustDomain, now);
    if (known === undefined) return none(trustDomain);
    const keys = authorities(known.bundle);
    const genuine = await verifyToken(jws, keys, this.#open, this.#crypto);
    return genuine.ok ? ok(used(trustDomain, known, now)) : genuine;
  }

  /** @param chain DER, leaf first. @returns as `verifyX509Svid`, and `keys_unavailable` where no bundle is held */
  async x509(
    chain: readonly Uint8Array[],
    trustDomain: TrustDomain,
    now: number,
  ): Promise<Result<{ readonly svid: X509Svid; readonly bundle: BundleUsed }>> {
    const known = await this.#source.find(trustDomain, now);
    if (known === undefined) return none(trustDomain);
    const { bundle } = known;
    const authorities = this.#authorities.get(bundle) ?? x509Authorities(bundle);
    this.#authorities.set(bundle, authorities);
    const svid = await verifyX509Svid(chain, authorities, trustDomain, now, this.#crypto);
    return svid.ok ? ok({ svid: svid.value, bundle: used(trustDomain, known, now) }) : svid;
  }
}

function none(trustDomain: TrustDomain): Result<never> {
  return fail("keys_unavailable", `no bundle of ${trustDomain}`);
}

function used(
  trustDomain: TrustDomain,
  { bundle: { sequence }, heldSince }: KnownBundle,
  now: number,
): BundleUsed {
  return {
    trustDomain,
    ...(sequence !== undefined && { sequence }),
    ...(heldSince !== undefined && { ageSeconds: Math.max(0, now - heldSince) }),
  };
}
