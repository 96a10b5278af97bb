import type { PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { serializeBundle } from "../../../src/encoding/bundle.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { ownBundle } from "../../../src/issuer/bundles.ts";
import { byUse, type SvidUse } from "../../../src/signer/algorithms.ts";
import type { KeyPlan } from "../../../src/signer/key-edits.ts";
import { keySet, type KeyMaterial } from "../../../src/signer/key-set.ts";
import { resolveTimeline, type TimelineEntry } from "../../../src/signer/timeline.ts";

/** Key sets of timelines whose keys are names in the form of keys: the real bundle, nothing to sign with. */

type Entries = Readonly<Record<SvidUse, readonly TimelineEntry[]>>;

export interface PlanOf {
  readonly entries: Entries;
  readonly longestLife: number;
  readonly refreshHint: number;
  readonly changedAt: number;
}

export function planOf({ entries, longestLife, refreshHint, changedAt }: PlanOf): KeyPlan {
  const lives = byUse(() => longestLife);
  const timelines = byUse((use) => resolveTimeline(entries[use], { refreshHint, longestLife }));
  const keys = byUse((use) =>
    timelines[use].map((life): KeyMaterial => {
      const info = infoOf(life.id);
      const raw = utf8Encode(`certificate of ${life.id}`);
      return {
        life,
        info,
        thumbprint: life.id,
        algorithm: "ES256",
        ...(use === "x509" && {
          issuer: { certificate: { raw, subject: { raw } } } as KeyMaterial["issuer"] & object,
        }),
      };
    }),
  );
  return {
    entries,
    longestLife: lives,
    refreshHint,
    changedAt,
    keys: keySet(keys, timelines, { refreshHint, changedAt }),
  };
}

function infoOf(id: string): PublicKeyInfo {
  const x = new Uint8Array(32);
  x.set(utf8Encode(id).subarray(0, 32));
  return { type: "EC", curve: "P-256", x, y: x };
}

/** What `/bundle` is at this moment. */
export function bundleAt(
  { keys }: KeyPlan,
  now: number,
): { sequence: number; body: string; ids: ReadonlySet<string> } {
  const published = keys.published(now);
  const whole = ownBundle(published);
  const body = serializeBundle({
    ...whole,
    witAuthorities: [],
    sequence: BigInt(published.sequence),
  });
  const ids = [
    ...published.jwt.map(({ kid }) => kid),
    ...published.x509.map(({ certificate }) =>
      new TextDecoder().decode(certificate).replace("certificate of ", ""),
    ),
  ];
  return { sequence: published.sequence, body, ids: new Set(ids) };
}
