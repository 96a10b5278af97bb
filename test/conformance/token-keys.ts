import { describe, expect, it } from "vitest";
import { FakeNetwork } from "../fakes/network.ts";
import { base64url, keySet, utf8 } from "../fakes/token-issuer.ts";
import { accepted, outcome } from "./attestor.ts";
import { tokenJudge, type TokenFixture } from "./token-fixture.ts";

/** How a token's keys are come by (DS-2). */
export function tokenKeys(fixture: TokenFixture): void {
  const { key, now } = fixture;
  const { good, judgeToken } = tokenJudge(fixture);

  describe("published keys", () => {
    it("fetches once for many, and not again while they are fresh", async () => {
      const served = new FakeNetwork().serveJson(fixture.keysUrl, keySet(key));
      const fetching = await fixture.fetching(served);
      const token = await key.sign(good);
      const results = await Promise.all(
        Array.from({ length: 20 }, () => judgeToken(token, fetching)),
      );
      for (const result of results) accepted(result);
      expect(outcome(await judgeToken(token, fetching))).toBe("accepted");
      expect(served.calls).toEqual([fixture.keysUrl]);
    });
    it("is not moved by a storm of unknown kids (DS-2)", async () => {
      const served = new FakeNetwork().serveJson(fixture.keysUrl, keySet(key));
      const fetching = await fixture.fetching(served);
      const payload = base64url(
        utf8(JSON.stringify({ ...good, nbf: undefined, iat: now, exp: now + 120 })),
      );
      for (let i = 0; i < 2000; i++) {
        const header = base64url(utf8(JSON.stringify({ alg: key.alg, kid: `kid-${i}` })));
        // oxlint-disable-next-line no-await-in-loop -- in the order of the clock
        expect(
          outcome(
            await judgeToken(`${header}.${payload}.AAAA`, fetching, now + Math.floor(i / 20)),
          ),
        ).toBe("key_unknown");
      }
      expect(served.calls.length).toBeLessThanOrEqual(1 + 100 / 30);
    });
    it("says that it is the keys that are missing, not the token that is wrong", async () => {
      const fetching = await fixture.fetching(new FakeNetwork());
      expect(outcome(await judgeToken(await key.sign(good), fetching))).toBe("keys_unavailable");
    });
    it("asks for no keys for a token that cannot be right", async () => {
      const served = new FakeNetwork().serveJson(fixture.keysUrl, keySet(key));
      const fetching = await fixture.fetching(served);
      const hopeless = [
        { ...good, aud: "https://other.example" },
        { ...good, iss: "https://attacker.example" },
        { ...good, exp: now - 3600, iat: now - 3700, nbf: undefined },
        { ...good, exp: undefined },
      ];
      for (const claims of hopeless) {
        expect(outcome(await judgeToken(await key.sign(claims), fetching))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
      }
      expect(outcome(await judgeToken(await key.sign(good, { alg: "HS256" }), fetching))).not.toBe(
        "accepted",
      );
      expect(outcome(await judgeToken(await key.sign(good, { typ: "x" }), fetching))).not.toBe(
        "accepted",
      );
      for (const kid of [undefined, ""])
        expect(outcome(await judgeToken(await key.sign(good, { kid }), fetching))).toBe(
          "key_unknown",
        ); // oxlint-disable-line no-await-in-loop
      expect(served.calls).toEqual([]);
    });
  });
}
