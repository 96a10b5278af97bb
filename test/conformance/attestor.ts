import { describe, expect, it } from "vitest";
import type { Attestation, Binding, FactorInfo } from "../../src/attestation.ts";
import type { Attestor } from "../../src/attestors/attestor.ts";
import type { Reason } from "../../src/reasons.ts";
import { fail, type Result } from "../../src/result.ts";
import { expectDeclared } from "./declared-claims.ts";

type Evidence = Readonly<Record<string, unknown>>;

/** An attestor with a provider behind it that signs whatever a test wants. */
export interface AttestorFixture {
  readonly attestor: Attestor;
  /** The same configuration under another trust domain. */
  readonly elsewhere: Attestor;
  readonly factor: FactorInfo;
  /** The key that evidence names, where it cannot name any at all: the one that the fixture has. */
  readonly jkt?: string;
  /** Unix seconds at which the good evidence is good. */
  readonly now: number;
  /** The member of the evidence that holds the signed bytes. */
  readonly member: string;
  /** The evidence has only a digest of S: `precheck` cannot say which key it names. */
  readonly namesKeyByDigest?: true;
  /** Only its provider can tell whose the evidence is and what it was made for: it is asked, with the key that was proved. */
  readonly asksProvider?: true;
  /** Genuine evidence of a configured customer; two calls with one binding may give two pieces. */
  good(binding: Binding): Promise<Evidence>;
  /** Genuine evidence of a customer who is not configured. */
  foreign(): Promise<Evidence>;
  /** As `good`, but for a signature by a key that the provider does not have, under the name of one that it has. */
  forged(): Promise<Evidence>;
  /** Calls that reached the network so far. */
  calls(): number;
}

/** A thumbprint as good as any: nobody has the key. */
export const JKT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
export const OTHER_JKT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";

/** The steps of a request in their order; possession of `jkt` counts as proved. */
export async function judge(
  attestor: Attestor,
  evidence: unknown,
  now: number,
  jkt?: string,
): Promise<Result<Attestation>> {
  const shape = attestor.evidence.safeParse(evidence);
  if (!shape.success) return fail("body_schema");
  const parsed = attestor.parse(shape.data);
  if (!parsed.ok) return parsed;
  const context = jkt === undefined ? { now } : { now, jkt };
  const precheck = await attestor.precheck(parsed.value, context);
  if (!precheck.ok) return precheck;
  const verified = await attestor.verify(parsed.value, context);
  if (verified.ok && verified.value.name !== precheck.value.name) throw new Error("another name");
  return verified;
}

/** What was attested; a refusal fails the test and says why. */
export function accepted(result: Result<Attestation>): Attestation {
  if (!result.ok) throw new Error(`refused: ${result.error.reason} ${result.error.detail ?? ""}`);
  return result.value;
}

/** In one word: `accepted`, or why not. */
export function outcome(result: Result<unknown>): Reason | "accepted" {
  return result.ok ? "accepted" : result.error.reason;
}

/** @param reasons any one of them; none: whichever */
export function expectRefused(result: Result<unknown>, ...reasons: readonly Reason[]): void {
  if (reasons.length > 0) expect(reasons).toContain(outcome(result));
  else expect(outcome(result)).not.toBe("accepted");
}

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

    it("refuses text that is no evidence at all, however long, and never throws", async () => {
      const good = String((await fixture.good(best))[member]);
      const texts = [
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
        good.slice(1),
        good.slice(0, -1),
        good.slice(0, good.length / 2),
        `${good}A`,
        good + good,
        "A".repeat(16_384),
        "A".repeat(1_000_000),
        ".".repeat(1_000_000),
        `${good}${"A".repeat(1_000_000)}`,
        "%".repeat(1_000_000),
      ];
      for (const text of texts) {
        const evidence = { ...(await fixture.good(best)), [member]: text }; // oxlint-disable-line no-await-in-loop
        expect(outcome(await judge(attestor, evidence, now, ownJkt))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
      }
    });

    it("attests the same with a space behind it, or nothing", async () => {
      const evidence = await fixture.good(best);
      const genuine = await judge(attestor, evidence, now, ownJkt);
      const padded = { ...evidence, [member]: `${String(evidence[member])} ` };
      const result = await judge(attestor, padded, now, ownJkt);
      expect(result.ok ? result : genuine).toEqual(genuine);
    });

    it("attests the same after a bit was flipped, or nothing", async () => {
      const evidence = await fixture.good(best);
      const text = String(evidence[member]);
      const genuine = accepted(await judge(attestor, evidence, now, ownJkt));
      const flips = sample(text.length * 7, 400);
      const attested: Attestation[] = [];
      for (const at of flips) {
        const flipped = flipCharacter(text, Math.floor(at / 7), at % 7);
        // oxlint-disable-next-line no-await-in-loop -- one after the other keeps memory flat
        const result = await judge(attestor, { ...evidence, [member]: flipped }, now, ownJkt);
        if (result.ok) attested.push(result.value);
      }
      expect(attested.filter(({ claimKey }) => claimKey !== genuine.claimKey)).toEqual([]);
      for (const attestation of attested) expect(attestation).toEqual(genuine);
      expect(attested.length).toBeLessThan(flips.length / 2);
    });
  });
}

function flipCharacter(text: string, index: number, bit: number): string {
  const flipped = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit));
  return text.slice(0, index) + flipped + text.slice(index + 1);
}

/** Up to `count` of the numbers below `below`, evenly spread: the same in each run. */
export function sample(below: number, count: number): readonly number[] {
  const step = Math.max(1, Math.floor(below / count));
  return Array.from({ length: Math.ceil(below / step) }, (_, index) => index * step);
}
