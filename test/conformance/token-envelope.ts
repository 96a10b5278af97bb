import { describe, expect, it } from "vitest";
import { base64url, fromBase64url, keySet, tokenKey, utf8 } from "../fakes/token-issuer.ts";
import { outcome, sample } from "./attestor.ts";
import { tokenJudge, type TokenFixture } from "./token-fixture.ts";

/** Header, signature and text of a token (AT-13, AT-15). */
export function tokenEnvelope(fixture: TokenFixture): void {
  const { key, network } = fixture;
  const { good, judgeToken, judgeClaims } = tokenJudge(fixture);

  describe("header (AT-15)", () => {
    it("takes a token without typ", async () => {
      expect(outcome(await judgeClaims(good, { typ: undefined }))).toBe("accepted");
    });
    it.each(["at+jwt", "dpop+jwt", "svidmint-pop+jwt", "wit+jwt", "jwt", "", "JWT "])(
      "refuses typ %j",
      async (typ) => {
        expect(outcome(await judgeClaims(good, { typ }))).toBe("jws_type");
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
      expect(["key_unknown", "jws_malformed"]).toContain(outcome(await judgeClaims(good, { kid })));
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
      expect(["algorithm_not_allowed", "jws_malformed"]).toContain(
        outcome(await judgeClaims(good, { alg })),
      );
    });
    it("refuses alg none without a signature", async () => {
      const [, payload] = (await key.sign(good)).split(".");
      for (const alg of ["none", "None", key.alg]) {
        const header = base64url(utf8(JSON.stringify({ alg, kid: key.kid })));
        // oxlint-disable-next-line no-await-in-loop -- three
        expect(outcome(await judgeToken(`${header}.${payload}.`))).not.toBe("accepted");
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
        expect(outcome(await judgeToken(await hmacToken(secret, key.kid, good)))).toBe(
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
          expect([
            "signature_invalid",
            "algorithm_not_allowed",
            ...(fixture.certified === true && "x5c" in header ? ["certificate_malformed"] : []),
          ]).toContain(outcome(await judgeToken(await own.sign(good, header))));
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
      expect(outcome(await judgeClaims(good, header))).toBe("accepted");
      expect(network.calls).toEqual([]);
    });
    it.each([
      { crit: ["exp"] },
      { crit: [] },
      { crit: ["b64"], b64: false },
      { b64: true },
      { b64: false },
    ])("refuses %j", async (header) => {
      expect(outcome(await judgeClaims(good, header))).toBe("jws_header_forbidden");
    });
    it.each([0, 255])(
      "refuses a signature of nothing but octets %i (CVE-2022-21449)",
      async (octet) => {
        const [head, payload, signature] = (await key.sign(good)).split(".");
        const blank = base64url(fromBase64url(signature!).fill(octet));
        expect(outcome(await judgeToken(`${head}.${payload}.${blank}`))).toBe("signature_invalid");
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
      for (const spelling of spellings.filter((other) => other !== token)) {
        expect(outcome(await judgeToken(spelling))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
      }
    });
    it("attests nothing once a bit of any part was flipped", async () => {
      const parts = (await key.sign(good)).split(".").map(fromBase64url);
      for (const [index, bytes] of parts.entries()) {
        for (const at of sample(bytes.length * 8, 120)) {
          const flipped = bytes.slice();
          flipped[at >> 3] = flipped[at >> 3]! ^ (1 << (at & 7));
          const token = parts.with(index, flipped).map(base64url).join(".");
          expect(outcome(await judgeToken(token))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
        }
      }
    });
    it.each(["iss", "aud", "exp", "sub", "\\u0069ss", "x"])(
      "refuses a second %s",
      async (member) => {
        const text = JSON.stringify({ aud: 1, sub: 1, ...good, x: 1 });
        const payload = `${text.slice(0, -1)},"${member}":"https://attacker.example"}`;
        const header = JSON.stringify({ alg: key.alg, kid: key.kid });
        expect(["json_duplicate_key", "json_malformed"]).toContain(
          outcome(await judgeToken(await key.signText(header, payload))),
        );
      },
    );
    it("refuses a second alg, and payloads that are no object", async () => {
      const header = JSON.stringify({ alg: key.alg, kid: key.kid });
      const twice = `${header.slice(0, -1)},"alg":"none"}`;
      expect(outcome(await judgeToken(await key.signText(twice, JSON.stringify(good))))).toBe(
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
        expect(outcome(await judgeToken(await key.signText(header, payload)))).toBe(
          "json_malformed",
        );
      }
    });
    it("refuses more than 16 KiB, even well signed", async () => {
      expect(outcome(await judgeClaims({ ...good, filler: "x".repeat(16_384) }))).toBe(
        "evidence_too_large",
      );
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
