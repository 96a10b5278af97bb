import { describe, expect, it } from "vitest";
import type { Reason } from "../../src/reasons.ts";
import { JKT, outcome } from "./attestor.ts";
import { tokenJudge, type TokenFixture } from "./token-fixture.ts";

/** Audience of a token. */
export function tokenAudience(fixture: TokenFixture): void {
  const { audience } = fixture;
  const { good, judgeClaims } = tokenJudge(fixture);

  describe("audience (AT-9, CVE-2024-5798)", () => {
    const folded =
      audience === audience.toUpperCase() ? audience.toLowerCase() : audience.toUpperCase();
    const wrong: readonly unknown[] = [
      "",
      null,
      1,
      0,
      true,
      {},
      { aud: audience },
      [],
      [[audience]],
      [1],
      [null],
      [""],
      [audience, audience],
      [audience, "https://other.example"],
      ["https://other.example", audience],
      `${audience}/`,
      `${audience} `,
      ` ${audience}`,
      `${audience}\n`,
      `${audience}\u0000`,
      `${audience}\u200b`,
      `${audience}x`,
      `${audience},${audience}`,
      audience.slice(0, -1),
      audience.slice(1),
      folded,
      audience.replace("e", "\u0435"),
      audience.replace("e", "%65"),
      `${audience}.evil.example`,
      "https://vault.example",
      "https://other.example",
      `https://other.example/jkt/${JKT}`,
      `${audience}/jkt/`,
      `${audience}/jkt/${JKT.slice(1)}`,
      `${audience}/jkt/${JKT}A`,
      `${audience}/jkt/${JKT}/`,
      `${audience}/jkt/${JKT}=`,
      `${audience}/JKT/${JKT}`,
      `${audience}/jkt%2F${JKT}`,
      `${audience}//jkt/${JKT}`,
      `${audience}#jkt/${JKT}`,
      `${audience}/x/jkt/${JKT}`,
      `${audience}/jkt/${JKT}/jkt/${JKT}`,
      `${audience}/jkt/${JKT.replace(/^./, "+")}`,
      `${audience}/jkt/${JKT.slice(0, -1)}\n`,
      [`${audience}/jkt/${JKT}`, audience],
      [audience, `${audience}/jkt/${JKT}`],
    ];
    it.each(wrong.map((aud) => [JSON.stringify(aud), aud]))("refuses %s", async (_, aud) => {
      expect(outcome(await judgeClaims({ ...good, aud }))).toBe("audience_mismatch");
    });
    it("refuses a token without one", async () => {
      expect(outcome(await judgeClaims({ ...good, aud: undefined }))).toBe("audience_mismatch");
    });
    it("takes an array of exactly one", async () => {
      expect(outcome(await judgeClaims({ ...good, aud: [audience] }))).toBe("accepted");
    });
  });
}

/** Time and issuer of a token (AT-14, AT-16). */
export function tokenClaims(fixture: TokenFixture): void {
  const { key, now, network } = fixture;
  const { good, judgeToken, judgeClaims } = tokenJudge(fixture);

  describe("time (AT-14)", () => {
    const { maxLifetimeSeconds: max } = fixture;
    const span = { iat: now - 10, exp: now + 50, nbf: undefined };
    const within: readonly [string, object][] = [
      ["expired 59 s ago", { iat: now - 120, exp: now - 59 }],
      ["issued in 60 s", { iat: now + 60, exp: now + 120 }],
      ["valid in 60 s", { nbf: now + 60 }],
      ["valid since long", { nbf: 0 }],
      ["as long as can be", { iat: now, exp: now + max }],
    ];
    it.each(within)("takes what is %s", async (_, times) => {
      expect(outcome(await judgeClaims({ ...good, ...span, ...times }))).toBe("accepted");
    });
    const without: readonly [string, object, Reason][] = [
      ["expired 60 s ago", { iat: now - 120, exp: now - 60 }, "evidence_expired"],
      ["issued in 61 s", { iat: now + 61, exp: now + 120 }, "evidence_not_yet_valid"],
      ["valid in 61 s", { nbf: now + 61 }, "evidence_not_yet_valid"],
      ["too long by a second", { iat: now, exp: now + max + 1 }, "evidence_lifetime"],
      ["ended when issued", { iat: now, exp: now }, "evidence_lifetime"],
      ["ended before issued", { iat: now, exp: now - 1 }, "evidence_lifetime"],
      ["without exp", { exp: undefined }, "claim_missing"],
      ["without iat", { iat: undefined }, "claim_missing"],
      ["in milliseconds", { iat: now * 1000, exp: now * 1000 + 60 }, "evidence_not_yet_valid"],
      ["exp in milliseconds", { exp: now * 1000 }, "evidence_lifetime"],
    ];
    it.each(without)("refuses what is %s", async (_, times, reason) => {
      expect(outcome(await judgeClaims({ ...good, ...span, ...times }))).toBe(reason);
    });
    const odd = [
      `"${now + 50}"`,
      "1e300",
      "-1",
      "1.5",
      "1e400",
      "9007199254740993",
      "null",
      "true",
      "[]",
      "{}",
      "-0.5",
    ];
    const members = ["exp", "iat", "nbf"].flatMap((member) =>
      odd.map((text) => [member, text] as const),
    );
    it.each(members)("refuses %s: %s", async (member, text) => {
      const payload = JSON.stringify({ ...good, ...span, [member]: "HERE" }).replace(
        '"HERE"',
        text,
      );
      const header = JSON.stringify({ alg: key.alg, kid: key.kid });
      expect(["claim_type", "claim_missing", "json_malformed"]).toContain(
        outcome(await judgeToken(await key.signText(header, payload))),
      );
    });
  });

  describe("issuer (AT-16)", () => {
    const iss = String(good["iss"]);
    it.each([
      undefined,
      null,
      1,
      "",
      [iss],
      `${iss}/`,
      iss.replace(/\/$/, "") + "/x",
      ` ${iss}`,
      `${iss}\n`,
      `${iss}.`,
      iss.toUpperCase(),
      iss.replace("https://", "http://"),
      iss.replace("https://", "https://x@"),
      iss.replace("://", ":\\\\"),
      `${iss}?`,
      `${iss}#`,
      iss.replace("https://", "https://attacker.example/"),
      "https://attacker.example",
      "http://127.0.0.1/",
      "http://169.254.169.254/latest",
      "file:///etc/passwd",
      "constructor",
      "__proto__",
    ])("refuses %j and asks nobody", async (other) => {
      if (other === iss) return;
      expect(["issuer_not_configured", "claim_missing"]).toContain(
        outcome(await judgeClaims({ ...good, iss: other })),
      );
      expect(network.calls).toEqual([]);
    });
  });
}
