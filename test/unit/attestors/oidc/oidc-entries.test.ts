import { describe, expect, it } from "vitest";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import { accepted, judge, outcome } from "../../../conformance/attestor.ts";
import { keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean, NOW } from "../support.ts";
import { CLAIMS, key, entry } from "./oidc-support.ts";

describe("oidc", () => {
  describe("entries of one issuer", async () => {
    const second = await tokenKey("ES256", "ci-1");
    const third = await tokenKey("ES256", "ci-1");
    const attestor = await buildClean(oidc, {
      first: entry,
      second: { ...entry, jwks: keySetUrl(second) },
      alone: { ...entry, issuer: "https://alone.example.com", jwks: keySetUrl(third) },
    });
    const judgeEntry = async (signer: typeof key, name: unknown, claims: object = CLAIMS) =>
      judge(
        attestor,
        {
          type: "oidc",
          token: await signer.sign(claims),
          ...(name !== undefined && { entry: name }),
        },
        NOW,
      );

    it("must be told apart by the request", async () => {
      expect(outcome(await judgeEntry(key, undefined))).toBe("entry_required");
      expect(accepted(await judgeEntry(key, "first")).name).toBe("oidc.first");
      expect(accepted(await judgeEntry(second, "second")).name).toBe("oidc.second");
    });
    it("never share their keys, even under one kid", async () => {
      expect(outcome(await judgeEntry(key, "second"))).toBe("signature_invalid");
      expect(outcome(await judgeEntry(second, "first"))).toBe("signature_invalid");
      expect(outcome(await judgeEntry(third, "first"))).toBe("signature_invalid");
    });
    it("can be chosen only among those of the token's issuer", async () => {
      for (const name of ["alone", "third", "", "oidc.first", "__proto__"]) {
        expect(outcome(await judgeEntry(key, name))).toBe("issuer_not_configured"); // oxlint-disable-line no-await-in-loop
      }
      expect(outcome(await judgeEntry(key, 1))).toBe("body_schema");
    });
    it("need not be named where one has its issuer", async () => {
      const claims = { ...CLAIMS, iss: "https://alone.example.com" };
      expect(accepted(await judgeEntry(third, undefined, claims)).name).toBe("oidc.alone");
      expect(accepted(await judgeEntry(third, "alone", claims)).name).toBe("oidc.alone");
    });
  });
});
