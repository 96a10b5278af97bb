import { expect } from "vitest";

/** One case of a public suite, and what came of it here. */
export interface Verdict {
  readonly id: string | number;
  /** That it has to be accepted; else it has to be refused. */
  readonly good: boolean;
  readonly accepted: boolean;
}

/**
 * Holds a suite to its verdicts, and prints how many of them, with the waived by id.
 * @param waived cases that are judged otherwise on purpose, with the reason: exactly those, so that one no longer needed fails
 */
export function expectVerdicts(
  suite: string,
  verdicts: readonly Verdict[],
  waived: ReadonlyMap<string | number, string> = new Map(),
): void {
  const wrong = verdicts.filter(({ good, accepted }) => good !== accepted).map(({ id }) => id);
  const listed = verdicts.map(({ id }) => id).filter((id) => waived.has(id));
  expect(wrong).toEqual(listed);
  const [good, bad] = [true, false].map((is) => verdicts.filter((verdict) => verdict.good === is));
  const of = (all: readonly Verdict[] = []): string =>
    `${all.filter((one) => one.good === one.accepted).length} of ${all.length}`;
  const reasons = listed.map((id) => `\n  ${id}: ${waived.get(id)}`);
  console.info(`${suite}: refused ${of(bad)}, accepted ${of(good)}`);
  if (reasons.length > 0) console.info(`  waived${reasons.join("")}`);
}
