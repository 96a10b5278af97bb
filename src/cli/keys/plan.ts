import type { SvidUse } from "../../signer/algorithms.ts";
import { activeKey, type KeyLife, type TimelineRules } from "../../signer/timeline.ts";
import { formatDuration, formatTime } from "../time.ts";
import { readyToTakeOver, USE_WORDS } from "./state.ts";

interface Step {
  /** Unix seconds. */
  readonly at: number;
  readonly what: string;
}

export interface Outlook {
  /** What happens when, in order. */
  readonly steps: readonly Step[];
  /** Until when what stays valid, and what to do afterwards. */
  readonly says: readonly string[];
}

export interface OutlookContext extends TimelineRules {
  readonly use: SvidUse;
  readonly now: number;
}

/** What a list of keys does from now on. */
function stepsOf(lives: readonly KeyLife[], { use, now, ...rules }: OutlookContext): Step[] {
  const what = USE_WORDS[use].replace(/s$/, "");
  const steps = lives.flatMap((life): Step[] => {
    const signs = life.activeFrom < life.retiredAt;
    const before = activeKey(lives, life.activeFrom - 1);
    const lastExpiry = life.retiredAt + rules.longestLife;
    return [
      {
        at: life.publishedAt,
        what: `${life.id} is in the bundle; verifiers learn it within ${formatDuration(rules.refreshHint)}`,
      },
      ...(signs
        ? [
            {
              at: life.activeFrom,
              what: `${life.id} signs${before && before.id !== life.id ? `, and ${before.id} no more` : ""}`,
            },
          ]
        : []),
      ...(signs && lastExpiry <= life.removedAt
        ? [{ at: lastExpiry, what: `the last ${what} signed by ${life.id} expires` }]
        : []),
      { at: life.removedAt, what: `${life.id} leaves the bundle` },
    ];
  });
  return steps.filter(({ at }) => at >= now && Number.isFinite(at)).toSorted((a, b) => a.at - b.at);
}

/** A key was added to the list. */
export function rotationOutlook(
  before: readonly KeyLife[],
  after: readonly KeyLife[],
  added: string,
  context: OutlookContext,
): Outlook {
  const { use, now } = context;
  const says: string[] = [];
  for (const life of after) {
    const was = before.find(({ id }) => id === life.id);
    if (
      was !== undefined &&
      Number.isFinite(life.removedAt) &&
      life.removedAt > now &&
      was.removedAt !== life.removedAt
    )
      says.push(
        `${USE_WORDS[use]} signed by ${life.id} are accepted until they expire, ${formatTime(Math.min(life.removedAt, life.retiredAt + context.longestLife))} at the latest; it leaves the bundle at ${formatTime(life.removedAt)}`,
      );
  }
  const life = after.find(({ id }) => id === added);
  const waits = life !== undefined && !Number.isFinite(life.activeFrom);
  if (waits)
    says.push(
      `${added} signs only when no other key can; from ${formatTime(life.ripeAt)} on it can take over at once`,
    );
  says.push(
    "put the file in place on every instance and have it loaded (SIGHUP, or a restart) within two refresh hints; there is no second step",
  );
  return { steps: stepsOf(after, context), says };
}

/** A key was taken out at once. */
export function emergencyOutlook(
  before: readonly KeyLife[],
  after: readonly KeyLife[],
  lost: KeyLife,
  context: OutlookContext,
): Outlook {
  const { use, now, refreshHint } = context;
  const words = USE_WORDS[use];
  const everSigned = lost.activeFrom < now || activeKey(before, now) === lost;
  const says: string[] = [
    everSigned
      ? `breaks: every verifier that fetched the bundle since refuses all ${words} signed by ${lost.id}, those of workloads included; a verifier that heeds the refresh hint has it by ${formatTime(now + refreshHint)}, plus what caches between add`
      : `breaks nothing of ours: ${lost.id} signed nothing yet`,
    "until then, and at verifiers that do not refresh, what a thief signs is still accepted",
  ];
  const active = activeKey(after, now);
  if (active === undefined) {
    const coming = after
      .flatMap((life) => [life.ripeAt, life.activeFrom])
      .filter((at) => at > now && activeKey(after, at) !== undefined)
      .toSorted((a, b) => a - b)[0];
    says.push(
      `takes over: nobody. No ${words} can be signed ${coming === undefined ? "until a new key is added" : `before ${formatTime(coming)}`}; add a key now: it signs after ${formatDuration(5 * refreshHint)}, when verifiers have it, or with active_from now at once, which verifiers that have not refreshed refuse`,
    );
  } else {
    const was = activeKey(before, now);
    says.push(
      was?.id === active.id
        ? `takes over: nothing changes, ${active.id} goes on signing`
        : `takes over: ${active.id}, from ${formatTime(now)} on; verifiers have known it since ${formatTime(active.publishedAt)}`,
    );
    const standby = readyToTakeOver(after, active, now).map(({ id }) => id);
    says.push(
      standby.length > 0
        ? `standby left: ${standby.join(", ")}`
        : `standby left: none. Add one: svidmint keys create ${use}, then svidmint keys plan-rotation ${use} --standby`,
    );
  }
  if (everSigned)
    says.push(`workloads need new ${words}: restart them, or let their agents renew at once`);
  says.push(
    `afterwards: disable ${lost.id} where it lies. Its entry tells consumers that it is gone: keep it, or delete it later and set bundle.changed_at`,
  );
  return { steps: stepsOf(after, context), says };
}
