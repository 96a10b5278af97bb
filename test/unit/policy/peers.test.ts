import { describe, expect, it } from "vitest";
import { checkAudiences } from "../../../src/policy/audience.ts";
import { match } from "../../../src/policy/match.ts";
import { restorePolicy, storePolicy } from "../../../src/policy/stored.ts";
import { compile, errorsOf, iid, NOW, policyOf, rule, type Json } from "./fixtures.ts";

const BASE = "https://id.partner.example";
const JKT = "A".repeat(43);
const OTHER = "B".repeat(43);

function exchanging(jwt: Json = {}): Json {
  return rule({ jwt: { exchange_to: ["partner.example"], ...jwt } });
}

describe("peers that a rule names", () => {
  it.each<[string, Json, RegExp]>([
    [
      "unknown",
      { federates_with: ["stranger.example"] },
      /federates_with\.0: is not under `peers:`, which has partner\.example, quiet\.example/,
    ],
    ["inherited", { federates_with: ["constructor"] }, /federates_with\.0: is not under/],
    ["other letters", { federates_with: ["Partner.example"] }, /federates_with\.0: is not under/],
    [
      "twice",
      { federates_with: ["partner.example", "partner.example"] },
      /federates_with\.1: is listed twice/,
    ],
    [
      "ourselves",
      { federates_with: ["prod.example.org"] },
      /federates_with\.0: is this trust domain itself/,
    ],
    ["none", { federates_with: [] }, /federates_with: must not be empty/],
    ["a text", { federates_with: "partner.example" }, /federates_with: expected a list/],
    ["a glob", { federates_with: ["*.example"] }, /federates_with\.0: is not under/],
    ["beneath jwt", { jwt: { audiences: ["a"], federates_with: ["partner.example"] } }, /jwt/],
    [
      "exchange unknown",
      { jwt: { exchange_to: ["stranger.example"] } },
      /jwt\.exchange_to\.0: is not under/,
    ],
    [
      "exchange twice",
      { jwt: { exchange_to: ["partner.example", "partner.example"] } },
      /exchange_to\.1: is listed twice/,
    ],
    [
      "exchange without audience",
      { jwt: { exchange_to: ["quiet.example"] } },
      /exchange_to\.0: has no audience: state peers\.quiet\.example\.audience/,
    ],
    [
      "exchange with ourselves",
      { jwt: { exchange_to: ["prod.example.org"] } },
      /exchange_to\.0: is this trust domain itself/,
    ],
    ["exchange to a URL", { jwt: { exchange_to: [BASE] } }, /exchange_to\.0: is not under/],
    ["exchange to nobody", { jwt: { exchange_to: [] } }, /exchange_to: must not be empty/],
    [
      "a peer's evidence for others as well",
      { jwt: { audiences: ["a", BASE], multiple_audiences: true } },
      /audiences\.1: is the issuer of partner\.example, whose evidence is for nobody beside it/,
    ],
    ["exchange beside jwt", { exchange_to: ["partner.example"] }, /exchange_to/],
  ])("%s: refused", (_name, parts, error) => {
    const { policy, issues } = compile([rule(parts)]);
    expect(policy).toBeUndefined();
    expect(errorsOf(issues).join("\n")).toMatch(error);
  });

  it("may have their issuer among audiences that a token has one of", () => {
    const { issues } = compile([rule({ jwt: { audiences: ["a", BASE] } })]);
    expect(errorsOf(issues)).toEqual([]);
  });

  it("are not judged where `peers:` itself is wrong", () => {
    const { issues } = compile([rule({ federates_with: ["any.example"] })], undefined, {
      peers: undefined,
    });
    expect(errorsOf(issues)).toEqual([]);
  });

  it("come in the order of names, also from a compiled policy", () => {
    const policy = policyOf([rule({ federates_with: ["quiet.example", "partner.example"] })]);
    for (const one of [policy, restorePolicy(storePolicy(policy))]) {
      const decided = match(one, [iid()], { now: NOW });
      expect(decided.ok && decided.value.grants.federatesWith).toEqual([
        "partner.example",
        "quiet.example",
      ]);
    }
  });
});

describe("exchange_to", () => {
  const grantOf = (parts: Json) => {
    const policy = restorePolicy(storePolicy(policyOf([exchanging(parts)])));
    const decided = match(policy, [iid()], { now: NOW });
    if (!decided.ok || decided.value.grants.jwt === undefined) throw new Error("no grant");
    return decided.value.grants.jwt;
  };

  it.each<[string, readonly string[], string | undefined, boolean]>([
    ["the peer", [BASE], undefined, true],
    ["the peer, with a key", [BASE], JKT, true],
    ["the proved key at the peer", [`${BASE}/jkt/${JKT}`], JKT, true],
    ["another key at the peer", [`${BASE}/jkt/${OTHER}`], JKT, false],
    ["a key at the peer where none was proved", [`${BASE}/jkt/${JKT}`], undefined, false],
    ["a key by the name of none", [`${BASE}/jkt/undefined`], undefined, false],
    ["no key at the peer", [`${BASE}/jkt/`], JKT, false],
    ["the key and more", [`${BASE}/jkt/${JKT}/x`], JKT, false],
    ["the key in other letters", [`${BASE}/jkt/${JKT.toLowerCase()}`], JKT, false],
    ["the key of us", [`https://id.example.org/jkt/${JKT}`], JKT, false],
    ["us", ["https://id.example.org"], JKT, false],
    ["the key at a stranger", [`https://evil.example/jkt/${JKT}`], JKT, false],
    ["the key twice", [`${BASE}/jkt/${JKT}/jkt/${JKT}`], JKT, false],
    ["the peer with a slash", [`${BASE}/`], JKT, false],
    ["the peer in capitals", [BASE.toUpperCase()], JKT, false],
    ["a host that begins like it", [`${BASE}.evil.example`], JKT, false],
    ["the peer's name", ["partner.example"], JKT, false],
    ["nobody", [], JKT, false],
    ["the peer twice", [BASE, BASE], JKT, false],
    ["the peer and somebody", [BASE, "https://orders.example"], JKT, false],
    ["the key and somebody", [`${BASE}/jkt/${JKT}`, "https://orders.example"], JKT, false],
    ["somebody of the rule", ["https://orders.example"], JKT, true],
  ])("%s", (_name, asked, jkt, granted) => {
    const grant = grantOf({ audiences: ["https://orders.example"], multiple_audiences: true });
    const checked = checkAudiences(grant, asked, jkt);
    expect(checked.ok).toBe(granted);
    expect(checked.ok || checked.error.reason).toBe(granted || "audience_not_granted");
  });

  it("names several peers, and a token is for one of them", () => {
    const other = "https://id.third.example";
    const grant = { ttl: 300, audiences: [], multipleAudiences: true, exchange: [BASE, other] };
    for (const base of [BASE, other])
      for (const audience of [base, `${base}/jkt/${JKT}`])
        expect(checkAudiences(grant, [audience], JKT).ok).toBe(true);
    expect(checkAudiences(grant, [BASE, other], JKT).ok).toBe(false);
    expect(checkAudiences(grant, ["https://id.fourth.example"], JKT).ok).toBe(false);
  });

  it("needs no audiences beside it, and a rule without it gives no key of anybody", () => {
    expect(grantOf({}).audiences).toEqual([]);
    const plain = { ttl: 300, audiences: [BASE], multipleAudiences: true };
    expect(checkAudiences(plain, [`${BASE}/jkt/${JKT}`], JKT).ok).toBe(false);
  });
});
