import { SVID_USES } from "../../../src/signer/algorithms.ts";
import type { KeyPlan } from "../../../src/signer/key-edits.ts";
import { activeKey } from "../../../src/signer/timeline.ts";
import { bundleAt } from "./fleet-keys.ts";

/** Instances that differ in when they load a configuration and in their clocks, and those who trust them. */

/** Seconds; the shortest that configuration may say. Everything else is in proportion to it. */
export const HINT = 60;
export const MAX_AGE = HINT / 4;
/** Within so many seconds of a decision every instance has it. */
export const LAG = 2 * HINT;
export const MAX_SKEW = 25;

export interface Version {
  readonly plan: KeyPlan;
  /** The same, made anew. */
  afresh(): KeyPlan;
  /** Seconds: of SVIDs that it lets be signed. */
  readonly longestLife: number;
}

export class Instance {
  readonly skew: number;
  readonly #loads: { readonly at: number; readonly version: Version }[] = [];

  constructor(skew: number) {
    this.skew = skew;
  }

  load(version: Version, at: number): void {
    const last = this.#loads.at(-1)?.at ?? -Infinity;
    this.#loads.push({ at: Math.max(at, last + 1), version });
  }

  loadedAt(version: Version): number {
    return this.#loads.find((load) => load.version === version)?.at ?? Infinity;
  }

  versionAt(time: number): Version | undefined {
    return this.#loads.findLast(({ at }) => at <= time)?.version;
  }

  bundle(time: number): ReturnType<typeof bundleAt> | undefined {
    const version = this.versionAt(time);
    return version && bundleAt(version.plan, time + this.skew);
  }

  /** Names of the keys that it signs with, and until when what it signs now lives. */
  signs(time: number): { readonly id: string; readonly until: number }[] {
    const version = this.versionAt(time);
    if (version === undefined) return [];
    const clock = time + this.skew;
    return SVID_USES.flatMap((use) => {
      const life = activeKey(version.plan.keys.timelines[use], clock);
      return life === undefined ? [] : [{ id: life.id, until: clock + version.longestLife }];
    });
  }

  /** True times at which something may change here. */
  instants(): number[] {
    return this.#loads.flatMap(({ at, version: { plan } }) => [
      at,
      ...SVID_USES.flatMap((use) =>
        plan.keys.timelines[use].flatMap((life) =>
          [life.publishedAt, life.ripeAt, life.activeFrom, life.retiredAt, life.removedAt].map(
            (instant) => instant - this.skew,
          ),
        ),
      ),
    ]);
  }
}

/** Keeps the bundle of the highest sequence that it saw, and asks again when the refresh hint says so at the latest. */
export class Consumer {
  held: ReturnType<typeof bundleAt> | undefined;

  /** @param age of what a cache on the way answers with, in seconds */
  poll(instance: Instance, time: number, age: number): void {
    const fetched = instance.bundle(time - age);
    if (fetched === undefined) return;
    if (this.held === undefined || fetched.sequence >= this.held.sequence) this.held = fetched;
  }
}
