import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundAudience,
  checkBinding,
  gradeAudience,
  gradeDigestNonce,
  gradeNonce,
  singleAudience,
} from "../../../src/attestors/binding.ts";
import { claimKey } from "../../../src/attestors/claim-key.ts";
import { checkTimes } from "../../../src/attestors/times.ts";
import { parseDuration } from "../../../src/duration.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { outcome, JKT, OTHER_JKT } from "../../conformance/attestor.ts";

const BASE = "https://id.prod.example";
const thumbprint = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);
const url = fc.stringMatching(/^https:\/\/[a-z]{1,4}\.example(?:\/[a-z]{0,3})?$/);
const json = fc.jsonValue() as fc.Arbitrary<Parameters<typeof gradeAudience>[0]>;

describe("a nonce", () => {
  it("that is S binds to its key, whatever the base", () => {
    fc.assert(
      fc.property(fc.string(), thumbprint, (base, jkt) => {
        expect(gradeNonce(boundAudience(base, jkt), base)).toEqual({
          ok: true,
          value: { kind: "key", jkt },
        });
      }),
    );
  });
  it("that names a key at another base is refused, never graded down", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), thumbprint, (more, jkt) => {
        for (const base of [more + BASE, BASE + more])
          expect(outcome(gradeNonce(boundAudience(base, jkt), BASE))).toBe("audience_mismatch");
      }),
    );
  });
  it("that does not end as S does binds to nothing", () => {
    const odd = [`${BASE}/key/${JKT}`, `${BASE}/jkt/${"+".repeat(43)}`, `${BASE}/jkt/${JKT} `];
    for (const text of ["", BASE, JKT, `/jkt/${JKT.slice(1)}`, `jkt/${JKT}`, ...odd])
      expect(gradeNonce(text, BASE)).toEqual({ ok: true, value: { kind: "none" } });
    expect(outcome(gradeNonce(`/jkt/${JKT}`, BASE))).toBe("audience_mismatch");
  });
});

describe("a nonce without room for S", () => {
  const grade = async (nonce: string, jkt?: string, base = BASE) =>
    outcome(await gradeDigestNonce(nonce, base, jkt, webCryptoPlatform()));
  // printf %s "$S" | sha256sum | head -c 32
  const nonce = "a9ba3afb0365193fd4252797c07af2b4";

  it("is the first 16 bytes of its SHA-256 in hex, and good for that key at that base", async () => {
    expect(await gradeDigestNonce(nonce, BASE, JKT, webCryptoPlatform())).toEqual({
      ok: true,
      value: { kind: "key", jkt: JKT },
    });
    expect(await grade(nonce, OTHER_JKT)).toBe("binding_mismatch");
    expect(await grade(nonce, JKT, `${BASE}/`)).toBe("binding_mismatch");
    expect(await grade(nonce)).toBe("binding_mismatch");
  });
  it("names no key where none was proved, not even by the digest of no key", async () => {
    const none = await webCryptoPlatform().digestText("SHA-256", `${BASE}/jkt/undefined`, "hex");
    expect(await grade(none.slice(0, 32))).toBe("binding_mismatch");
  });
  it("binds to nothing in any other form", async () => {
    for (const text of ["", nonce.toUpperCase(), nonce.slice(1), `${nonce}0`, `${nonce}\n`])
      expect(await gradeDigestNonce(text, BASE, JKT, webCryptoPlatform())).toEqual({
        ok: true,
        value: { kind: "none" },
      });
  });
});

describe("S", () => {
  it("is base, /jkt/ and the thumbprint", () => {
    expect(boundAudience(BASE, JKT)).toBe(`${BASE}/jkt/${JKT}`);
  });
  it("names the key that it was made for, under every base", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), thumbprint, (base, jkt) => {
        const expected = { ok: true, value: { kind: "key", jkt } };
        expect(gradeAudience(boundAudience(base, jkt), base)).toEqual(expected);
        expect(gradeAudience([boundAudience(base, jkt)], base)).toEqual(expected);
      }),
    );
  });
  it("under another base is not ours", () => {
    fc.assert(
      fc.property(url, url, thumbprint, (base, other, jkt) => {
        fc.pre(base !== other);
        expect(outcome(gradeAudience(boundAudience(other, jkt), base))).toBe("audience_mismatch");
        expect(outcome(gradeAudience(other, base))).toBe("audience_mismatch");
      }),
    );
  });
  it("begins with the base: one that stands further on is not ours", () => {
    expect(outcome(gradeAudience(`x${BASE}/jkt/${JKT}`, `${BASE}/`))).toBe("audience_mismatch");
    expect(outcome(gradeAudience(`x${boundAudience(BASE, JKT)}`, BASE))).toBe("audience_mismatch");
  });
  it("is nothing but S or the base, whatever else stands there", () => {
    fc.assert(
      fc.property(json, (aud) => {
        fc.pre(singleAudience(aud) !== BASE);
        expect(outcome(gradeAudience(aud, BASE))).toBe("audience_mismatch");
      }),
    );
  });
  it("is not the base with anything added to it", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (tail) => {
        fc.pre(!/^\/jkt\/[A-Za-z0-9_-]{43}$/.test(tail));
        expect(outcome(gradeAudience(BASE + tail, BASE))).toBe("audience_mismatch");
      }),
    );
  });
  it("is good for its key or for nothing", () => {
    expect(checkBinding({ kind: "key", jkt: JKT }, JKT).ok).toBe(true);
    expect(outcome(checkBinding({ kind: "key", jkt: JKT }, OTHER_JKT))).toBe("binding_mismatch");
    expect(outcome(checkBinding({ kind: "key", jkt: JKT }, undefined))).toBe("binding_mismatch");
    expect(outcome(checkBinding({ kind: "key", jkt: JKT }, ""))).toBe("binding_mismatch");
    expect(checkBinding({ kind: "audience" }, undefined).ok).toBe(true);
    expect(checkBinding({ kind: "none" }, JKT).ok).toBe(true);
  });
});

describe("times", () => {
  const NOW = 1_800_000_000;
  it("accept only what is of now, whatever stands there", () => {
    const instant = (before: number, after: number) =>
      fc.oneof(
        { weight: 1, arbitrary: json },
        { weight: 9, arbitrary: fc.integer({ min: NOW - before, max: NOW + after }) },
      );
    const [early, late] = [instant(4000, 100), instant(100, 4000)];
    let accepted = 0;
    fc.assert(
      fc.property(early, late, fc.option(early, { nil: undefined }), (iat, exp, nbf) => {
        const result = checkTimes({ iat, exp, nbf }, NOW, 3600);
        if (!result.ok) return;
        accepted++;
        expect([iat, exp].every(Number.isSafeInteger)).toBe(true);
        expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(3600);
        expect(Number(exp) + 60).toBeGreaterThan(NOW);
        expect(Math.max(Number(iat), Number(nbf ?? iat)) - 60).toBeLessThanOrEqual(NOW);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(900);
  });
});

describe("claim keys", () => {
  const scope = { platform: webCryptoPlatform(), trustDomain: "prod.example" };
  it("differ where the parts differ, however they are divided", async () => {
    const parts = [
      ["ab", "c"],
      ["a", "bc"],
      ["abc"],
      ["abc", ""],
      ["", "abc"],
      ["\u0000\u0000\u0000\u0003abc"],
      [],
    ];
    const keys = await Promise.all(parts.map(async (identity) => claimKey(scope, "x", identity)));
    keys.push(await claimKey(scope, "xab", ["c"]));
    keys.push(await claimKey({ ...scope, trustDomain: "prod.examplex" }, "", ["abc"]));
    expect(new Set(keys).size).toBe(keys.length);
  });
  it("are those of the framing that is written down", async () => {
    const bytes = new Uint8Array([
      0,
      0,
      0,
      1,
      0x74,
      0,
      0,
      0,
      12,
      ...new TextEncoder().encode("prod.example"),
      0,
      0,
      0,
      2,
      0xc3,
      0xa9,
    ]);
    const hexDigest = async (input: Uint8Array<ArrayBuffer>) =>
      Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", input)), (byte) =>
        byte.toString(16).padStart(2, "0"),
      ).join("");
    const hex = await hexDigest(bytes);
    expect(await claimKey(scope, "t", ["é"])).toBe(hex);
    expect(await claimKey(scope, "t", [new TextEncoder().encode("é")])).toBe(hex);
    // As long as what tokens sign: 66 051 bytes.
    const long = new Uint8Array(0x01_02_03).fill(0x78);
    const longer = await hexDigest(new Uint8Array([...bytes, 0, 1, 2, 3, ...long]));
    expect(await claimKey(scope, "t", ["é", long])).toBe(longer);
  });
});

describe("durations", () => {
  it.each([
    ["1s", 1],
    ["90s", 90],
    ["10m", 600],
    ["1h", 3600],
    ["24h", 86_400],
    ["30d", 2_592_000],
  ])("reads %s", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });
  it.each([
    "",
    "0s",
    "01h",
    "1",
    "h",
    "1H",
    "1 h",
    " 1h",
    "1h ",
    "1h30m",
    "-1h",
    "+1h",
    "1.5h",
    "1e3s",
    "1w",
    "1ms",
    "9999999999s",
    "1h\n",
    "١h",
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
