import { describe, expect, it } from "vitest";
import type { Binding } from "../../src/attestation.ts";
import { attestorBounds } from "./attestor-bounds.ts";
import {
  accepted,
  JKT,
  judge,
  OTHER_JKT,
  outcome,
  type AttestorFixture,
} from "./attestor-fixture.ts";
import { attestorMembers } from "./attestor-members.ts";
import { expectDeclared } from "./declared-claims.ts";

export {
  accepted,
  expectRefused,
  JKT,
  judge,
  OTHER_JKT,
  outcome,
  sample,
  type AttestorFixture,
} from "./attestor-fixture.ts";

/** What every attestor owes its callers, whatever the evidence. */
export function attestorConformance(name: string, build: () => Promise<AttestorFixture>): void {
  describe(`attestor ${name}`, async () => {
    const fixture = await build();
    const { attestor, factor, now, member, jkt: ownJkt = JKT } = fixture;
    const keyOf = (binding: Binding): string => (binding.kind === "key" ? binding.jkt : ownJkt);
    const bindings = factor.bindings.map((kind): Binding =>
      kind === "key" ? { kind, jkt: ownJkt } : { kind },
    );
    const best = bindings[0]!;
    const otherKey = fixture.asksProvider ? "signature_invalid" : "binding_mismatch";

    it.each(bindings)("accepts genuine evidence of binding $kind", async (binding) => {
      const proved = fixture.asksProvider && binding.kind !== "key" ? undefined : keyOf(binding);
      const result = await judge(attestor, await fixture.good(binding), now, proved);
      const attestation = accepted(result);
      expect(attestation).toMatchObject({ type: factor.type, name: factor.name, binding });
      expect(attestation.claimKey).toMatch(/^[0-9a-f]{64}$/);
      expect(Number.isSafeInteger(attestation.generation)).toBe(true);
      expect(attestation.notBefore ?? now).toBeLessThanOrEqual(now);
      expect(attestation.notAfter ?? now).toBeGreaterThanOrEqual(now);
    });

    it("gives each claim the kind that it declares, and none that it does not", async () => {
      const { claims } = accepted(await judge(attestor, await fixture.good(best), now, ownJkt));
      expectDeclared(claims, factor);
    });

    it("pins the customer by a claim that it attests, or names none at all", async () => {
      const { claims } = accepted(await judge(attestor, await fixture.good(best), now, ownJkt));
      const pins = factor.pins.filter(({ when }) => !when || claims[when.claim] === when.equals);
      expect(pins.length > 0 || factor.pins.length === 0).toBe(true);
      for (const { claim, values, stated } of pins) {
        expect(typeof claims[claim]).toBe("string");
        expect(stated === true ? [claims[claim]] : (values ?? [claims[claim]])).toContain(
          claims[claim],
        );
      }
      for (const claim of [...factor.joinable, ...(factor.instanceClaims ?? [])]) {
        expect(factor.claims).toHaveProperty([claim]);
      }
    });

    it("names one claim by one key, and another in another trust domain", async () => {
      const evidence = await fixture.good(best);
      const first = accepted(await judge(attestor, evidence, now, ownJkt));
      const again = accepted(await judge(attestor, evidence, now, ownJkt));
      const elsewhere = accepted(await judge(fixture.elsewhere, evidence, now, ownJkt));
      expect(again).toEqual(first);
      expect(elsewhere.claimKey).not.toBe(first.claimKey);
    });

    it.runIf(best.kind === "key" && fixture.asksProvider !== true)(
      "says that it names a key of evidence, too, that it refuses before any signature (LG-3)",
      async () => {
        const parsed = attestor.parse(attestor.evidence.parse(await fixture.good(best)));
        if (!parsed.ok) throw new Error(parsed.error.reason);
        expect(await attestor.precheck(parsed.value, { now: now + 1e9 })).toMatchObject({
          ok: false,
          error: { namesKey: true },
        });
      },
    );

    it.runIf(best.kind === "key")("says before any signature which key it names", async () => {
      const shape = attestor.evidence.parse(await fixture.good(best));
      const parsed = attestor.parse(shape);
      if (!parsed.ok) throw new Error(parsed.error.reason);
      expect(await attestor.precheck(parsed.value, { now })).toEqual({
        ok: true,
        value: {
          name: factor.name,
          ...(fixture.namesKeyByDigest === true && { namesKey: true }),
          ...(!fixture.namesKeyByDigest && !fixture.asksProvider && { jkt: ownJkt }),
        },
      });
    });

    it.each(bindings.filter(({ kind }) => kind !== "key"))(
      "finds no key in evidence of binding $kind, even where it refuses it: that would tell tenants apart",
      async (binding) => {
        const parsed = attestor.parse(attestor.evidence.parse(await fixture.good(binding)));
        if (!parsed.ok) throw new Error(parsed.error.reason);
        for (const at of [now, now + 1e9]) {
          const precheck = await attestor.precheck(parsed.value, { now: at }); // oxlint-disable-line no-await-in-loop
          const { jkt, namesKey } = precheck.ok ? precheck.value : precheck.error;
          expect([jkt, namesKey]).toEqual([undefined, undefined]);
        }
      },
    );

    it.runIf(best.kind === "key")("refuses /jkt/A with key B", async () => {
      const evidence = await fixture.good({ kind: "key", jkt: ownJkt });
      expect(outcome(await judge(attestor, evidence, now, OTHER_JKT))).toBe(otherKey);
    });

    it.runIf(best.kind === "key")("refuses /jkt/A where no key was proved", async () => {
      const evidence = await fixture.good({ kind: "key", jkt: ownJkt });
      expect(outcome(await judge(attestor, evidence, now))).toBe(otherKey);
    });

    it.runIf(best.kind === "none")("never calls a bearer document bound", async () => {
      for (const jkt of [undefined, ownJkt, OTHER_JKT]) {
        const { binding } = accepted(
          // oxlint-disable-next-line no-await-in-loop -- three
          await judge(attestor, await fixture.good({ kind: "none" }), now, jkt),
        );
        expect(binding).toEqual({ kind: "none" });
      }
    });

    it("refuses a customer who is not configured, and asks nobody that it need not", async () => {
      const before = fixture.calls();
      const evidence = await fixture.foreign();
      expect(["tenant_not_configured", "issuer_not_configured"]).toContain(
        outcome(await judge(attestor, evidence, now, ownJkt)),
      );
      expect(fixture.calls()).toBe(before + (fixture.asksProvider ? 1 : 0));
    });

    it("refuses a signature that the provider did not make", async () => {
      expect(["signature_invalid", "cms_digest_mismatch"]).toContain(
        outcome(await judge(attestor, await fixture.forged(), now, ownJkt)),
      );
    });

    it("refuses members that it does not know, and values of other types", async () => {
      const evidence = await fixture.good(best);
      const strange = [
        { ...evidence, extra: "1" },
        { ...evidence, type: `${factor.type}2` },
        { ...evidence, claims: {} },
        { ...evidence, __proto__: null, constructor: "x" },
        { ...evidence, [member]: undefined },
        { ...evidence, [member]: null },
        { ...evidence, [member]: 1 },
        { ...evidence, [member]: [evidence[member]] },
        { ...evidence, [member]: { value: evidence[member] } },
        { type: factor.type },
        [evidence],
        null,
        "x",
      ];
      for (const one of strange) {
        expect(attestor.evidence.safeParse(one)).toMatchObject({ success: false });
      }
    });

    attestorBounds(fixture, bindings);
    await attestorMembers(fixture, best);
  });
}
