import { expect, it } from "vitest";
import type { Binding } from "../../src/attestation.ts";
import {
  accepted,
  JKT,
  judge,
  OTHER_JKT,
  outcome,
  type AttestorFixture,
} from "./attestor-fixture.ts";

/** When, for whom, and beside what else evidence is good. */
export function attestorBounds(fixture: AttestorFixture, bindings: readonly Binding[]): void {
  const { attestor, now, jkt: ownJkt = JKT } = fixture;

  it.each(bindings)(
    "takes binding $kind neither before nor after the times it tells",
    async (binding) => {
      const evidence = await fixture.good(binding);
      const proved = fixture.asksProvider && binding.kind !== "key" ? undefined : ownJkt;
      const at = (second: number) => judge(attestor, evidence, second, proved);
      const { notBefore, notAfter, startedAt } = accepted(await at(now));
      const begins = notBefore ?? startedAt;
      expect(notAfter === undefined).toBe(fixture.endless === true);
      // Each clock may be wrong by a minute.
      const outside = [begins && begins - 61, notAfter && notAfter + 60];
      for (const second of outside.filter((one) => one !== undefined))
        expect(outcome(await at(second))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop -- two
    },
  );

  it.each(bindings.filter(({ kind }) => kind !== "none"))(
    "refuses binding $kind of another issuer's audience",
    async (binding) => {
      const evidence = await fixture.misdirected?.(binding);
      expect(evidence).toBeDefined();
      const reasons = fixture.asksProvider
        ? ["signature_invalid"]
        : ["audience_mismatch", "binding_mismatch"];
      expect(reasons).toContain(outcome(await judge(attestor, evidence, now, ownJkt)));
    },
  );

  it("asks nobody before the requester has proved his key", async () => {
    const before = fixture.calls();
    for (const binding of bindings) {
      const parsed = attestor.parse(attestor.evidence.parse(await fixture.good(binding))); // oxlint-disable-line no-await-in-loop -- at most three
      if (!parsed.ok) throw new Error(parsed.error.reason);
      await attestor.precheck(parsed.value, { now }); // oxlint-disable-line no-await-in-loop -- as above
    }
    expect(fixture.calls()).toBe(before);
  });

  it("judges many at once as it judges each alone", async () => {
    const pieces = await Promise.all([
      ...bindings.map((binding) => fixture.good(binding)),
      fixture.forged(),
      fixture.foreign(),
    ]);
    const questions = pieces.flatMap((evidence) =>
      [ownJkt, OTHER_JKT].map((jkt) => async () => {
        const result = await judge(attestor, evidence, now, jkt);
        return result.ok ? result.value : result.error.reason;
      }),
    );
    const alone = [];
    for (const ask of questions) alone.push(await ask()); // oxlint-disable-line no-await-in-loop -- each alone
    expect(await Promise.all(questions.map((ask) => ask()))).toEqual(alone);
  });
}
