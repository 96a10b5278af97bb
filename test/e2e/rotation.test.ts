import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SVID_USES } from "../../src/signer/algorithms.ts";
import { HINT, MAX_LAG, RotationFleet } from "./rotation-fleet.ts";

/** Between rotations: until the keys of the one before have left the bundle. */
const PERIOD = 5400;
const ROTATIONS = 3;
/** With the variable set: more load, and the counts that docs/performance.md states. */
const FIGURES = process.env["SVIDMINT_FIGURES"] !== undefined;
const BUSY = FIGURES ? 4 : 1;

const fleet = new RotationFleet();
beforeAll(() => fleet.begin());
afterAll(() => fleet.end());

describe("four instances whose configuration is up to ten minutes late", () => {
  it("rotate every key three times, and no verifier refuses an SVID in its life", async () => {
    await fleet.pass(600, BUSY);
    for (let round = 1; round <= ROTATIONS; round++) {
      for (const use of SVID_USES)
        fleet.lists[use].push({ id: `${use}-${round}`, publishedAt: fleet.now });
      await fleet.rollOut();
      await fleet.pass(PERIOD, BUSY);
      const signers = new Set(fleet.live.map(({ signer }) => signer));
      expect([...signers].toSorted()).toEqual([`jwt-${round}`, `wit-${round}`, `x509-${round}`]);
    }
    expect(fleet.rejected).toEqual([]);
    expect(fleet.counts.requests).toBeGreaterThan(250);
    expect(fleet.counts.reloads).toBe(4 * ROTATIONS);
    // Twice in the 50 min that an intermediate lives, and one for each new root.
    const lives = Math.ceil((600 + ROTATIONS * PERIOD) / 3000);
    expect(fleet.calls).toBeLessThanOrEqual(4 * (2 * lives + ROTATIONS));
    if (FIGURES)
      process.stdout.write(
        `${JSON.stringify({ ...fleet.counts, rejected: 0, calls: fleet.calls })}\n`,
      );
  });

  it("lose a key of each use in an emergency: all that it signed is refused, and nothing else", async () => {
    fleet.rejected.length = 0;
    const lost = SVID_USES.map((use) => `${use}-${ROTATIONS}`);
    const before = fleet.live.filter(({ signer }) => lost.includes(signer));
    for (const use of SVID_USES)
      fleet.lists[use] = fleet.lists[use].map((entry) =>
        lost.includes(entry.id) ? { ...entry, removedAt: fleet.now } : entry,
      );
    await fleet.rollOut();
    await fleet.pass(MAX_LAG + HINT + 60, 4);
    const verdicts = await Promise.all(
      fleet.live.flatMap((svid) =>
        fleet.consumers.map(async (consumer) => ({
          lost: lost.includes(svid.signer),
          refused: !(await consumer.accepts(svid, fleet.now)),
        })),
      ),
    );
    const refused = verdicts.filter((one) => one.lost && one.refused).length;
    expect(before.length).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(20);
    expect(verdicts.filter((one) => one.lost !== one.refused)).toEqual([]);
    expect(fleet.rejected.filter((line) => !lost.some((id) => line.includes(id)))).toEqual([]);
    if (FIGURES)
      process.stdout.write(`${JSON.stringify({ of: "lost keys", refused, accepted: 0 })}\n`);
  });
});
