import { describe, expect, it } from "vitest";
import type { Attestation, Binding } from "../../src/attestation.ts";
import { accepted, JKT, judge, outcome, sample, type AttestorFixture } from "./attestor-fixture.ts";

/** What strangers write into the members of genuine evidence: each attests the same as before, or nothing. */
export async function attestorMembers(fixture: AttestorFixture, best: Binding): Promise<void> {
  const { attestor, now, member: signed, jkt: ownJkt = JKT } = fixture;
  const members = await textsOf(fixture, best);
  const ask = (evidence: unknown) => judge(attestor, evidence, now, ownJkt);

  describe.each(members)("%s", (member) => {
    it("refuses text that is no evidence at all, however long, and never throws", async () => {
      const evidence = await fixture.good(best);
      const genuine = accepted(await ask(evidence));
      for (const text of GARBAGE) {
        const result = await ask({ ...evidence, [member]: text }); // oxlint-disable-line no-await-in-loop -- one after the other
        expect(outcome(result)).not.toBe("accepted");
      }
      for (const text of maimed(String(evidence[member]))) {
        const result = await ask({ ...evidence, [member]: text }); // oxlint-disable-line no-await-in-loop -- one after the other
        expect(result.ok ? result.value : genuine).toEqual(genuine);
        // Around others than the signed bytes more may stand than need be, as in PEM.
        expect(result.ok && member === signed).toBe(false);
      }
    });

    it("is not read where it is longer than any evidence", async () => {
      const evidence = await fixture.good(best);
      for (const text of [
        "A".repeat(1_000_000),
        `${String(evidence[member])}${"A".repeat(1_000_000)}`,
      ]) {
        const shape = attestor.evidence.safeParse({ ...evidence, [member]: text });
        if (!shape.success) continue;
        const parsed = attestor.parse(shape.data);
        const read = !["evidence_too_large", "evidence_malformed"].includes(outcome(parsed));
        expect(read && member === signed).toBe(false);
        const precheck = parsed.ok ? await attestor.precheck(parsed.value, { now }) : parsed; // oxlint-disable-line no-await-in-loop -- two
        expect(outcome(precheck)).not.toBe("accepted");
      }
    });

    it("attests the same with a space behind it, or nothing", async () => {
      const evidence = await fixture.good(best);
      const genuine = await ask(evidence);
      const result = await ask({ ...evidence, [member]: `${String(evidence[member])} ` });
      expect(result.ok ? result : genuine).toEqual(genuine);
    });

    it("attests the same after a bit was flipped, or nothing", async () => {
      const evidence = await fixture.good(best);
      const text = String(evidence[member]);
      const genuine = accepted(await ask(evidence));
      const flips = sample(text.length * 7, member === signed ? 400 : 100);
      const attested: Attestation[] = [];
      for (const at of flips) {
        const flipped = flipCharacter(text, Math.floor(at / 7), at % 7);
        const result = await ask({ ...evidence, [member]: flipped }); // oxlint-disable-line no-await-in-loop -- one after the other keeps memory flat
        if (result.ok) attested.push(result.value);
      }
      expect(attested.filter(({ claimKey }) => claimKey !== genuine.claimKey)).toEqual([]);
      for (const attestation of attested) expect(attestation).toEqual(genuine);
      const most = member === signed ? flips.length / 2 : flips.length + 1;
      expect(attested.length).toBeLessThan(most);
    });
  });
}

/** The members that hold text, beside the type. */
async function textsOf(fixture: AttestorFixture, best: Binding): Promise<readonly string[]> {
  return Object.entries(await fixture.good(best)).flatMap(([name, value]) =>
    name !== "type" && typeof value === "string" ? [name] : [],
  );
}

const GARBAGE = [
  "",
  " ",
  ".",
  "..",
  "...",
  "\u0000",
  "null",
  "{}",
  "é",
  "\ud800",
  "-----BEGIN PKCS7-----",
  "A".repeat(16_384),
  "A".repeat(1_000_000),
  ".".repeat(1_000_000),
  "%".repeat(1_000_000),
];

function maimed(good: string): readonly string[] {
  return [
    good.slice(1),
    good.slice(0, -1),
    good.slice(0, good.length / 2),
    `${good}A`,
    good + good,
    `${good}${"A".repeat(1_000_000)}`,
  ];
}

function flipCharacter(text: string, index: number, bit: number): string {
  const flipped = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit));
  return text.slice(0, index) + flipped + text.slice(index + 1);
}
