import type { X509Authority } from "../encoding/bundle.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import type { X509Issuer } from "../svid/x509-svid.ts";
import { byUse, SVID_USES, type SvidUse } from "./algorithms.ts";
import type { SigningAuthority } from "./authority.ts";
import type { SignatureAlgorithm, Signer } from "./signer.ts";
import { activeKey, isPublished, nextChange, spiffeSequence, type KeyLife } from "./timeline.ts";

/** The key that signs JWT-SVIDs or WIT-SVIDs at some moment. */
export interface TokenKey {
  readonly signer: Signer;
  /** As in the bundle: the RFC 7638 thumbprint, so that no two keys can ever share one. */
  readonly kid: string;
}

interface PublishedKey {
  readonly kid: string;
  readonly info: PublicKeyInfo;
  readonly alg: SignatureAlgorithm;
}

/** What is published at some moment; the very same object until that changes. */
export interface PublishedKeys {
  readonly x509: readonly X509Authority[];
  readonly jwt: readonly PublishedKey[];
  /** Never where consumers that do not know them would meet them. */
  readonly wit: readonly PublishedKey[];
  /** `spiffe_sequence` of the keys without those of `wit`: Unix seconds of the latest change. */
  readonly sequence: number;
  /** The same of all keys. */
  readonly witSequence: number;
  /** Seconds. */
  readonly refreshHint: number;
}

/** The issuer's keys with their timelines: immutable. All times are Unix seconds. */
export interface KeySet {
  /** SVID types that have keys at all. */
  readonly uses: ReadonlySet<SvidUse>;
  /** RFC 7638 thumbprints of all keys, retired ones, CAs and intermediates included: nobody gets an SVID for one. */
  readonly thumbprints: Pick<ReadonlySet<string>, "has">;
  /** Undefined where no key is active. */
  x509(now: number): SigningAuthority | undefined;
  jwt(now: number): TokenKey | undefined;
  wit(now: number): TokenKey | undefined;
  published(now: number): PublishedKeys;
}

/** One key as it was loaded. */
export interface KeyMaterial {
  readonly life: KeyLife;
  readonly info: PublicKeyInfo;
  readonly thumbprint: string;
  readonly algorithm: SignatureAlgorithm;
  /** Of a JWT or WIT key; absent once the key is retired and its private half gone. */
  readonly signer?: Signer | undefined;
  /** Of an X.509 key, likewise. */
  readonly authority?: SigningAuthority;
  /** Of an X.509 key. */
  readonly issuer?: X509Issuer | undefined;
}

export type KeysByUse = Readonly<Record<SvidUse, readonly KeyMaterial[]>>;
export type Timelines = Readonly<Record<SvidUse, readonly KeyLife[]>>;

/** A key set with what commands show of it. */
export interface TimedKeySet extends KeySet {
  readonly timelines: Timelines;
  /** RFC 7638 thumbprints by the names of the configuration; without keys that were removed before they were read. */
  readonly names: Readonly<Record<SvidUse, ReadonlyMap<string, string>>>;
}

/**
 * @param keys those still published or to be, in the order of the configuration, which is that of the bundle
 * @param changedAt `bundle.changed_at` in Unix seconds; 0 if there is none
 */
export function keySet(
  keys: KeysByUse,
  timelines: Timelines,
  { refreshHint, changedAt }: { readonly refreshHint: number; readonly changedAt: number },
): TimedKeySet {
  const fixed = new Set(SVID_USES.flatMap((use) => keys[use].map(({ thumbprint }) => thumbprint)));
  const lives = [timelines.x509, timelines.jwt, timelines.wit];
  const active = (use: SvidUse, now: number): KeyMaterial | undefined => {
    const life = activeKey(timelines[use], now);
    return life && keys[use].find((key) => key.life === life);
  };
  const token = (use: "jwt" | "wit", now: number): TokenKey | undefined => {
    const key = active(use, now);
    return key?.signer && { signer: key.signer, kid: key.thumbprint };
  };
  const inBundle = (use: SvidUse, now: number): readonly KeyMaterial[] =>
    keys[use].filter(({ life }) => isPublished(life, now));
  const publishedAt = (now: number): PublishedKeys => ({
    x509: inBundle("x509", now).flatMap(x509Authority),
    jwt: inBundle("jwt", now).map(publishedKey),
    wit: inBundle("wit", now).map(publishedKey),
    sequence: spiffeSequence([timelines.x509, timelines.jwt], changedAt, now),
    witSequence: spiffeSequence(lives, changedAt, now),
    refreshHint,
  });
  let current:
    | { readonly from: number; readonly until: number; readonly keys: PublishedKeys }
    | undefined;

  return Object.freeze({
    uses: new Set(SVID_USES.filter((use) => timelines[use].length > 0)),
    thumbprints: {
      has: (thumbprint: string) =>
        fixed.has(thumbprint) ||
        keys.x509.some(({ authority }) => authority?.owns?.(thumbprint) === true),
    },
    timelines,
    names: byUse((use) => new Map(keys[use].map(({ life, thumbprint }) => [life.id, thumbprint]))),
    x509: (now: number) => active("x509", now)?.authority,
    jwt: (now: number) => token("jwt", now),
    wit: (now: number) => token("wit", now),
    published(now: number): PublishedKeys {
      if (current === undefined || now < current.from || now >= current.until) {
        current = { from: now, until: nextChange(lives, now), keys: publishedAt(now) };
      }
      return current.keys;
    },
  });
}

function publishedKey({ thumbprint, info, algorithm }: KeyMaterial): PublishedKey {
  return { kid: thumbprint, info, alg: algorithm };
}

function x509Authority({ info, issuer }: KeyMaterial): X509Authority[] {
  return issuer === undefined ? [] : [{ certificate: issuer.certificate.raw, info }];
}
