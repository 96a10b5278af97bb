import type { SvidUse } from "../../signer/algorithms.ts";
import type { Timelines } from "../../signer/key-set.ts";
import { activeKey, isPublished, type KeyLife } from "../../signer/timeline.ts";

/** What a key is at some moment. */
export type KeyState = "planned" | "active" | "next" | "standby" | "retired" | "removed";

/** @param lives of its list */
export function keyState(life: KeyLife, lives: readonly KeyLife[], now: number): KeyState {
  if (now >= life.removedAt) return "removed";
  if (now < life.publishedAt) return "planned";
  if (activeKey(lives, now) === life) return "active";
  if (now >= life.retiredAt) return "retired";
  return Number.isFinite(life.activeFrom) && life.activeFrom > now ? "next" : "standby";
}

const INSTANTS = [
  ["publishedAt", "published"],
  ["activeFrom", "active"],
  ["retiredAt", "retired"],
  ["removedAt", "removed"],
] as const;

export interface Change {
  /** Unix seconds. */
  readonly at: number;
  readonly becomes: (typeof INSTANTS)[number][1];
}

/** What becomes of a key next; undefined where nothing is planned. */
export function nextChangeOf(life: KeyLife, now: number): Change | undefined {
  const coming = INSTANTS.map(([field, becomes]) => ({ at: life[field], becomes }))
    .filter(({ at }) => at > now && Number.isFinite(at))
    .toSorted((a, b) => a.at - b.at);
  return coming[0];
}

/** Keys of a list that could take over at once if the active one were gone. */
export function readyToTakeOver(
  lives: readonly KeyLife[],
  active: KeyLife,
  now: number,
): readonly KeyLife[] {
  return lives.filter(
    (life) =>
      life !== active && isPublished(life, now) && life.ripeAt <= now && now < life.retiredAt,
  );
}

export const USE_WORDS: Readonly<Record<SvidUse, string>> = {
  x509: "X.509-SVIDs",
  jwt: "JWT-SVIDs",
  wit: "WIT-SVIDs",
};

export function livesOf(timelines: Timelines): readonly (readonly KeyLife[])[] {
  return [timelines.x509, timelines.jwt, timelines.wit];
}
