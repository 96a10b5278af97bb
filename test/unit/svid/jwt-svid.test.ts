import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../../../src/encoding/bytes.ts";
import { encodeJwsInput } from "../../../src/encoding/jws.ts";
import { lintJwtSvidInput } from "../../../src/svid/jwt-lint.ts";
import { buildJwtSvidInput, type JwtSvidProfile } from "../../../src/svid/jwt-svid.ts";
import { TOKEN_SVID_ALGORITHMS } from "../../../src/svid/token-profile.ts";
import { verifyJwtSvid } from "../../../src/svid/verify-jwt-svid.ts";
import { NOW, platform } from "./forge.ts";
import {
  AUDIENCE,
  claims,
  header,
  jwtKeys,
  PROFILE,
  RULES,
  signInput,
  token,
  verdict,
  type JwtKeys,
} from "./jwt.ts";
import { ID, trustDomain } from "./mint.ts";

let keys: JwtKeys;
beforeAll(async () => {
  keys = await jwtKeys();
});

describe("a JWT-SVID of ours", () => {
  it("has three headers and six claims, and verifies", async () => {
    const input = buildJwtSvidInput(PROFILE);
    const [first = "", second = ""] = input.split(".").map((part) => {
      const bytes = decodeBase64url(part);
      return bytes.ok ? (utf8Decode(bytes.value) ?? "") : "";
    });
    expect(JSON.parse(first)).toEqual(header);
    expect(JSON.parse(second)).toEqual(claims);
    expect(lintJwtSvidInput(input, { ...PROFILE, trustDomain })).toEqual({
      ok: true,
      value: undefined,
    });
    const result = await verifyJwtSvid(
      await signInput(input, "ES256", keys.ec),
      keys.authorities,
      RULES,
      platform,
    );
    expect(result).toMatchObject({
      ok: true,
      value: { spiffeId: { uri: ID }, audience: [AUDIENCE], expiresAt: NOW + 300 },
    });
  });

  it("has an array only for more than one audience", () => {
    const audience = [AUDIENCE, "https://b.example.org"];
    const input = buildJwtSvidInput({ ...PROFILE, audience });
    expect(lintJwtSvidInput(input, { ...PROFILE, audience, trustDomain }).ok).toBe(true);
    expect(lintJwtSvidInput(input, { ...PROFILE, trustDomain }).ok).toBe(false);
    const swapped = audience.toReversed();
    expect(lintJwtSvidInput(input, { ...PROFILE, audience: swapped, trustDomain }).ok).toBe(false);
  });

  it("verifies with every algorithm of the standard that its key fits", async () => {
    for (const alg of TOKEN_SVID_ALGORITHMS) {
      if (alg === "ES384" || alg === "ES512") continue;
      const [kid, key] =
        alg === "ES256" ? (["key-1", keys.ec] as const) : (["key-rsa", keys.rsa] as const);
      expect(
        await verdict(await token(key, { ...header, alg, kid }), keys.authorities),
      ).toBeUndefined();
    }
    const p384 = await platform.generateKey("P-384");
    const by = [{ kid: "key-1", info: p384.publicKey.info }];
    expect(await verdict(await token(p384, { ...header, alg: "ES384" }), by)).toBeUndefined();
  });
});

const lint = (
  input: string,
  change: Partial<JwtSvidProfile> = {},
  domain: string = trustDomain,
) => {
  const result = lintJwtSvidInput(input, { ...PROFILE, ...change, trustDomain: domain });
  if (!result.ok) expect(result.error.reason).toBe("lint_failed");
  return result.ok ? undefined : result.error.detail;
};

describe("the lint of a JWT-SVID", () => {
  const good = buildJwtSvidInput(PROFILE);

  it.each([
    ["alg", { ...header, alg: "ES384" }, claims],
    ["alg", { ...header, alg: "none" }, claims],
    ["kid", { ...header, kid: "key-2" }, claims],
    ["kid", { alg: "ES256", typ: "JWT" }, claims],
    ["typ", { ...header, typ: "wit+jwt" }, claims],
    ["typ", { alg: "ES256", kid: "key-1" }, claims],
    ["header members", { ...header, jku: "https://a.example" }, claims],
    ["sub", header, { ...claims, sub: `${ID}2` }],
    ["sub", header, { ...claims, sub: [ID] }],
    ["aud", header, { ...claims, aud: [AUDIENCE] }],
    ["aud", header, { ...claims, aud: "https://b.example" }],
    ["aud", header, { ...claims, aud: [AUDIENCE, "https://b.example"] }],
    ["iss", header, { ...claims, iss: "https://b.example" }],
    ["iat", header, { ...claims, iat: NOW - 1 }],
    ["iat", header, { ...claims, iat: `${NOW}` }],
    ["exp", header, { ...claims, exp: NOW + 301 }],
    ["exp", header, { ...claims, exp: undefined }],
    ["jti", header, { ...claims, jti: "" }],
    ["claims", header, { ...claims, nbf: NOW }],
    ["claims", header, { ...claims, ["__proto__x"]: 1 }],
  ] as const)("names %s", (member, h, c) => {
    expect(lint(encodeJwsInput(h, c))).toBe(member);
  });

  it.each([
    ["spiffe id", { spiffeId: `spiffe://${trustDomain}` }],
    ["spiffe id", { spiffeId: "spiffe://other.example/a" }],
    ["spiffe id", { spiffeId: `${ID}/../b` }],
    ["alg", { alg: "EdDSA" }],
    ["alg", { alg: "HS256" }],
    ["aud", { audience: [] }],
    ["aud", { audience: [""] }],
    ["aud", { audience: Array.from({ length: 33 }, (_, at) => `https://a${at}.example`) }],
    ["exp", { expiresAt: NOW }],
    ["exp", { expiresAt: NOW + 86_401 }],
    ["exp", { expiresAt: NOW + 0.5 }],
    ["iat", { issuedAt: Number.NaN }],
    ["kid", { kid: "" }],
    ["jti", { jti: "short" }],
    ["iss", { issuer: "" }],
  ] as const)(
    "refuses %s that should never have been decided, even where both sides have it",
    (member, change) => {
      expect(lint(buildJwtSvidInput({ ...PROFILE, ...change }), change)).toBe(member);
    },
  );

  it("refuses every change of a character, and never throws", () => {
    const accepted: string[] = [];
    for (let at = 0; at < good.length; at++)
      for (const character of ["A", "b", "_", ".", "=", "\n", "\u0161"])
        if (
          good[at] !== character &&
          lint(good.slice(0, at) + character + good.slice(at + 1)) === undefined
        )
          accepted.push(`${at}: ${character}`);
    expect(accepted).toEqual([]);
    for (const text of [
      "",
      ".",
      "..",
      good.replace(".", ""),
      `${good}.`,
      `${good}.AAAA`,
      `${good} `,
    ])
      expect(lint(text)).toBeDefined();
  });

  it("refuses a member twice", () => {
    const [first = "", second = ""] = good.split(".");
    expect(lint(`${doubled(first, '"alg":"ES256"')}.${second}`)).toBe("encoding");
    expect(lint(`${first}.${doubled(second, '"sub":"x"')}`)).toBe("encoding");
  });
});

/** The same JSON with a member in front. */
function doubled(part: string, member: string): string {
  const bytes = decodeBase64url(part);
  const text = bytes.ok ? (utf8Decode(bytes.value) ?? "") : "";
  return encodeBase64url(utf8Encode(text.replace("{", `{${member},`)));
}
