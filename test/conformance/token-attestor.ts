import { describe, expect, it } from "vitest";
import { boundAudience } from "../../src/attestors/binding.ts";
import type { Attestor } from "../../src/attestors/attestor.ts";
import type { Reason } from "../../src/reasons.ts";
import {
  base64url,
  fromBase64url,
  keySet,
  tokenKey,
  utf8,
  type TokenKey,
} from "../fakes/token-issuer.ts";
import { FakeNetwork } from "../fakes/network.ts";
import {
  accepted,
  attestorConformance,
  expectRefused,
  JKT,
  judge,
  sample,
  type AttestorFixture,
} from "./attestor.ts";

/** An attestor of tokens, and the key that its provider signs with. */
export interface TokenFixture extends Omit<
  AttestorFixture,
  "member" | "good" | "forged" | "calls"
> {
  readonly key: TokenKey;
  readonly network: FakeNetwork;
  /** What the attestor's configuration, or the issuer URL, gives as the one audience. */
  readonly audience: string;
  readonly maxLifetimeSeconds: number;
  /** Good claims at `now`, for that audience. */
  claims(audience: unknown): Record<string, unknown>;
  /** The evidence's other members. */
  readonly members: Readonly<Record<string, unknown>>;
  /** An attestor of the same configuration, but for keys fetched from `keysUrl`. */
  fetching(network: FakeNetwork): Promise<Attestor>;
  readonly keysUrl: string;
}

/** `attestorConformance`, and what holds for every evidence that is a JWT (AT-9, AT-13 to AT-16, DS-2). */
export function tokenAttestorConformance(name: string, build: () => Promise<TokenFixture>): void {
  attestorConformance(name, async () => {
    const fixture = await build();
    const stranger = await tokenKey(fixture.key.alg, fixture.key.kid);
    const evidence = (token: string) => ({ ...fixture.members, token });
    return {
      ...fixture,
      member: "token",
      good: async (binding) =>
        evidence(
          await fixture.key.sign(
            fixture.claims(
              binding.kind === "key"
                ? boundAudience(fixture.audience, binding.jkt)
                : fixture.audience,
            ),
          ),
        ),
      forged: async () => evidence(await stranger.sign(fixture.claims(fixture.audience))),
      calls: () => fixture.network.calls.length,
    };
  });

  describe(`tokens of ${name}`, async () => {
    const fixture = await build();
    const { attestor, key, now, audience, network } = fixture;
    const good = fixture.claims(audience);
    const judgeToken = (token: string, by: Attestor = attestor, at: number = now) =>
      judge(by, { ...fixture.members, token }, at, JKT);
    const judgeClaims = async (claims: object, header?: object) =>
      judgeToken(await key.sign(claims, header));

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
        expectRefused(await judgeClaims({ ...good, aud }), "audience_mismatch");
      });
      it("refuses a token without one", async () => {
        expectRefused(await judgeClaims({ ...good, aud: undefined }), "audience_mismatch");
      });
      it("takes an array of exactly one", async () => {
        accepted(await judgeClaims({ ...good, aud: [audience] }));
      });
    });

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
        accepted(await judgeClaims({ ...good, ...span, ...times }));
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
        expectRefused(await judgeClaims({ ...good, ...span, ...times }), reason);
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
        expectRefused(
          await judgeToken(await key.signText(header, payload)),
          "claim_type",
          "claim_missing",
          "json_malformed",
        );
      });
    });

    describe("header (AT-15)", () => {
      it("takes a token without typ", async () => {
        accepted(await judgeClaims(good, { typ: undefined }));
      });
      it.each(["at+jwt", "dpop+jwt", "svidmint-pop+jwt", "wit+jwt", "jwt", "", "JWT "])(
        "refuses typ %j",
        async (typ) => {
          expectRefused(await judgeClaims(good, { typ }), "jws_type");
        },
      );
      it.each([
        undefined,
        "",
        1,
        null,
        ["a"],
        "unheard-of",
        "../../etc/passwd",
        "' OR 1=1 --",
        "__proto__",
        "constructor",
      ])("refuses kid %j", async (kid) => {
        expectRefused(await judgeClaims(good, { kid }), "key_unknown", "jws_malformed");
      });
      it.each([
        "none",
        "None",
        "NONE",
        "",
        "HS256",
        "HS384",
        "HS512",
        "RS1",
        "RS256 ",
        "rs256",
        "ES256K",
        "A128KW",
        "dir",
        null,
        1,
        ["RS256"],
      ])("refuses alg %j over a good signature", async (alg) => {
        expectRefused(await judgeClaims(good, { alg }), "algorithm_not_allowed", "jws_malformed");
      });
      it("refuses alg none without a signature", async () => {
        const [, payload] = (await key.sign(good)).split(".");
        for (const alg of ["none", "None", key.alg]) {
          const header = base64url(utf8(JSON.stringify({ alg, kid: key.kid })));
          // oxlint-disable-next-line no-await-in-loop -- three
          expectRefused(await judgeToken(`${header}.${payload}.`));
        }
      });
      it("refuses HMAC with the public key as secret, in any of its encodings", async () => {
        const spki = new Uint8Array(await crypto.subtle.exportKey("spki", key.publicKey));
        const der = btoa(String.fromCharCode(...spki));
        const pem = `-----BEGIN PUBLIC KEY-----\n${der.replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
        for (const secret of [
          spki,
          utf8(pem),
          utf8(pem.trim()),
          utf8(der),
          utf8(JSON.stringify(key.jwk)),
        ]) {
          // oxlint-disable-next-line no-await-in-loop -- five
          expectRefused(
            await judgeToken(await hmacToken(secret, key.kid, good)),
            "algorithm_not_allowed",
          );
        }
      });
      it("refuses every other kind of key under a known kid, a key of the token's own included", async () => {
        for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA"] as const) {
          const own = await tokenKey(alg, key.kid); // oxlint-disable-line no-await-in-loop -- one key a time
          const jku = "https://attacker.example/jwks";
          network.serveJson(jku, keySet(own));
          for (const header of [
            {},
            { jwk: own.jwk },
            { jku },
            { x5u: jku },
            { x5c: ["AA=="] },
            { jwk: own.jwk, jku },
          ]) {
            // oxlint-disable-next-line no-await-in-loop -- one after the other
            expectRefused(
              await judgeToken(await own.sign(good, header)),
              "signature_invalid",
              "algorithm_not_allowed",
            );
          }
        }
        expect(network.calls).toEqual([]);
      });
      it("ignores where a genuine token says its key lies", async () => {
        const header = {
          jku: "https://attacker.example/jwks",
          x5u: "https://attacker.example/x",
          x5t: "x",
        };
        accepted(await judgeClaims(good, header));
        expect(network.calls).toEqual([]);
      });
      it.each([
        { crit: ["exp"] },
        { crit: [] },
        { crit: ["b64"], b64: false },
        { b64: true },
        { b64: false },
      ])("refuses %j", async (header) => {
        expectRefused(await judgeClaims(good, header), "jws_header_forbidden");
      });
      it.each([0, 255])(
        "refuses a signature of nothing but octets %i (CVE-2022-21449)",
        async (octet) => {
          const [head, payload, signature] = (await key.sign(good)).split(".");
          const blank = base64url(fromBase64url(signature!).fill(octet));
          expectRefused(await judgeToken(`${head}.${payload}.${blank}`), "signature_invalid");
        },
      );
    });

    describe("text (AT-13)", () => {
      it("has one spelling", async () => {
        const token = await key.sign(good);
        const [head = "", payload = "", signature = ""] = token.split(".");
        const spellings = [
          `${token}=`,
          `${token}==`,
          `${token}\n`,
          `\n${token}`,
          ` ${token}`,
          `${token} `,
          `${token}\u0000`,
          `${token}.`,
          `.${token}`,
          `${head}. ${payload}.${signature}`,
          `${head}.${payload}\n.${signature}`,
          `${head}.${payload}..${signature}`,
          `${head}==.${payload}.${signature}`,
          `${head}.${payload}`,
          `${head}.${payload}.`,
          `.${payload}.${signature}`,
          `${head}..${signature}`,
          `${head}.${payload}.${signature}.${signature}`,
          `Bearer ${token}`,
          encodeURIComponent(`${token} `),
          token.toUpperCase(),
          `${head}.${payload}.${trailingBits(signature)}`,
          JSON.stringify(token),
          `${head}.${payload}.${signature.slice(0, -1)}`,
        ];
        for (const spelling of spellings) {
          if (spelling !== token) expectRefused(await judgeToken(spelling)); // oxlint-disable-line no-await-in-loop
        }
      });
      it("attests nothing once a bit of any part was flipped", async () => {
        const parts = (await key.sign(good)).split(".").map(fromBase64url);
        for (const [index, bytes] of parts.entries()) {
          for (const at of sample(bytes.length * 8, 120)) {
            const flipped = bytes.slice();
            flipped[at >> 3] = flipped[at >> 3]! ^ (1 << (at & 7));
            const token = parts.with(index, flipped).map(base64url).join(".");
            expectRefused(await judgeToken(token)); // oxlint-disable-line no-await-in-loop
          }
        }
      });
      it.each(["iss", "aud", "exp", "sub", "\\u0069ss", "x"])(
        "refuses a second %s",
        async (member) => {
          const text = JSON.stringify({ ...good, x: 1 });
          const payload = `${text.slice(0, -1)},"${member}":"https://attacker.example"}`;
          const header = JSON.stringify({ alg: key.alg, kid: key.kid });
          expectRefused(
            await judgeToken(await key.signText(header, payload)),
            "json_duplicate_key",
          );
        },
      );
      it("refuses a second alg, and payloads that are no object", async () => {
        const header = JSON.stringify({ alg: key.alg, kid: key.kid });
        const twice = `${header.slice(0, -1)},"alg":"none"}`;
        expectRefused(
          await judgeToken(await key.signText(twice, JSON.stringify(good))),
          "json_duplicate_key",
        );
        for (const payload of [
          "",
          "[]",
          "null",
          '"x"',
          "1",
          "{",
          "\ufeff{}",
          `[${JSON.stringify(good)}]`,
          "[".repeat(10_000),
        ]) {
          // oxlint-disable-next-line no-await-in-loop -- few
          expectRefused(await judgeToken(await key.signText(header, payload)), "json_malformed");
        }
      });
      it("refuses more than 16 KiB, even well signed", async () => {
        expectRefused(
          await judgeClaims({ ...good, filler: "x".repeat(16_384) }),
          "evidence_too_large",
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
        expectRefused(
          await judgeClaims({ ...good, iss: other }),
          "issuer_not_configured",
          "claim_missing",
        );
        expect(network.calls).toEqual([]);
      });
    });

    describe("published keys", () => {
      it("fetches once for many, and not again while they are fresh", async () => {
        const served = new FakeNetwork().serveJson(fixture.keysUrl, keySet(key));
        const fetching = await fixture.fetching(served);
        const token = await key.sign(good);
        const results = await Promise.all(
          Array.from({ length: 20 }, () => judgeToken(token, fetching)),
        );
        for (const result of results) accepted(result);
        accepted(await judgeToken(token, fetching));
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
          expectRefused(
            await judgeToken(`${header}.${payload}.AAAA`, fetching, now + Math.floor(i / 20)),
            "key_unknown",
          );
        }
        expect(served.calls.length).toBeLessThanOrEqual(1 + 100 / 30);
      });
      it("says that it is the keys that are missing, not the token that is wrong", async () => {
        const fetching = await fixture.fetching(new FakeNetwork());
        expectRefused(await judgeToken(await key.sign(good), fetching), "keys_unavailable");
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
          expectRefused(await judgeToken(await key.sign(claims), fetching)); // oxlint-disable-line no-await-in-loop
        }
        expectRefused(await judgeToken(await key.sign(good, { alg: "HS256" }), fetching));
        expectRefused(await judgeToken(await key.sign(good, { typ: "x" }), fetching));
        expect(served.calls).toEqual([]);
      });
    });
  });
}

async function hmacToken(
  secret: Uint8Array<ArrayBuffer>,
  kid: string,
  claims: object,
): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const input = [{ alg: "HS256", kid }, claims]
    .map((part) => base64url(utf8(JSON.stringify(part))))
    .join(".");
  return `${input}.${base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(input))))}`;
}

/** The same octets to a lenient decoder: the last character's unused bits differ. */
function trailingBits(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.length % 4 === 0
    ? text
    : text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) ^ 1];
}
