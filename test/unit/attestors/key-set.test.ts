import { describe, expect, it } from "vitest";
import { KeySet } from "../../../src/attestors/key-set.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { outcome } from "../../conformance/attestor.ts";
import { tokenKey, utf8 } from "../../fakes/token-issuer.ts";

const platform = webCryptoPlatform();
const [rsa, ec, other] = await Promise.all([
  tokenKey("RS256", "rsa"),
  tokenKey("ES256", "ec"),
  tokenKey("ES256", "ec"),
]);

function parse(...keys: readonly unknown[]): KeySet {
  const set = KeySet.parse(utf8(JSON.stringify({ keys })));
  if (!set.ok) throw new Error(set.error.reason);
  return set.value;
}

describe("a key set", () => {
  it("gives a key for the algorithm it is for", async () => {
    const set = parse(rsa.jwk, ec.jwk);
    expect((await set.find("rsa", "RS256", platform)).ok).toBe(true);
    expect((await set.find("ec", "ES256", platform)).ok).toBe(true);
    expect(outcome(await set.find("ec", "RS256", platform))).toBe("algorithm_not_allowed");
    expect(outcome(await set.find("rsa", "ES256", platform))).toBe("algorithm_not_allowed");
    expect(outcome(await set.find("ec", "ES384", platform))).toBe("algorithm_not_allowed");
    expect(outcome(await set.find("rsa", "RS512", platform))).toBe("algorithm_not_allowed");
    expect(outcome(await set.find("rsa", "HS256", platform))).toBe("algorithm_not_allowed");
    expect(outcome(await set.find("rsa", "none", platform))).toBe("algorithm_not_allowed");
    expect(outcome(await set.find("RSA", "RS256", platform))).toBe("key_unknown");
  });

  it("imports a key once", async () => {
    const set = parse(ec.jwk);
    const first = await set.find("ec", "ES256", platform);
    const again = set.find("ec", "ES256", platform);
    expect(again).toBe(first);
  });

  it("takes a key without alg for any that fits it", async () => {
    const set = parse({ ...rsa.jwk, alg: undefined });
    expect((await set.find("rsa", "RS256", platform)).ok).toBe(true);
    expect((await set.find("rsa", "PS512", platform)).ok).toBe(true);
    expect(outcome(await set.find("rsa", "ES256", platform))).toBe("algorithm_not_allowed");
  });

  it("takes a key whose operations have verification among them", async () => {
    for (const key_ops of [["verify"], ["sign", "verify"]])
      expect((await parse({ ...ec.jwk, key_ops }).find("ec", "ES256", platform)).ok).toBe(true); // oxlint-disable-line no-await-in-loop
  });

  it("keeps the first of two keys with one id", async () => {
    const set = parse(ec.jwk, other.jwk);
    const found = await set.find("ec", "ES256", platform);
    const only = await parse(ec.jwk).find("ec", "ES256", platform);
    expect(set).toMatchObject({ size: 1, ignored: 1 });
    expect(found.ok && found.value.spki).toEqual(only.ok && only.value.spki);
  });

  it.each<[string, unknown]>([
    ["for encryption", { ...ec.jwk, use: "enc" }],
    ["of an unknown use", { ...ec.jwk, use: "jwt-svid" }],
    ["for other operations", { ...ec.jwk, key_ops: ["encrypt"] }],
    ["for none", { ...ec.jwk, key_ops: [] }],
    ["with odd operations", { ...ec.jwk, key_ops: "verify" }],
    ["without kid", { ...ec.jwk, kid: undefined }],
    ["with an empty kid", { ...ec.jwk, kid: "" }],
    ["with a number for kid", { ...ec.jwk, kid: 1 }],
    ["with a number for alg", { ...ec.jwk, alg: 7 }],
    ["that is private", { ...ec.jwk, d: "AA" }],
    ["that is a secret", { kty: "oct", kid: "ec", k: "c2VjcmV0", alg: "HS256" }],
    ["of an unknown type", { ...ec.jwk, kty: "AKP" }],
    ["on another curve", { ...ec.jwk, crv: "secp256k1" }],
    ["with a short coordinate", { ...ec.jwk, x: "AA" }],
    ["with padding", { ...ec.jwk, x: `${String(ec.jwk["x"])}=` }],
    ["without y", { ...ec.jwk, y: undefined }],
    ["that is text", "ec"],
    ["that is null", null],
    ["that is a list", [ec.jwk]],
  ])("ignores a key %s", async (_, jwk) => {
    const set = parse(jwk, rsa.jwk);
    expect(set).toMatchObject({ size: 1, ignored: 1 });
    expect(outcome(await set.find("ec", "ES256", platform))).toBe("key_unknown");
    expect((await set.find("rsa", "RS256", platform)).ok).toBe(true);
  });

  it("uses no key that anybody can forge for", async () => {
    const short = await rsaJwk(1024);
    expect(outcome(await parse(short).find("weak", "RS256", platform))).toBe(
      "algorithm_not_allowed",
    );
    const three = { ...rsa.jwk, kid: "three", e: "Aw" };
    expect(outcome(await parse(three).find("three", "RS256", platform))).toBe("key_unknown");
    const off = { ...ec.jwk, y: other.jwk["y"] };
    expect(["key_malformed", "key_unknown"]).toContain(
      outcome(await parse(off).find("ec", "ES256", platform)),
    );
  });

  it.each([
    "",
    "null",
    "[]",
    '"x"',
    "{}",
    '{"keys":null}',
    '{"keys":{}}',
    '{"keys":"x"}',
    '{"keys":[],"keys":[]}',
    '{"keys":[{"kty":"EC","kty":"RSA"}]}',
    "\ufeff{}",
  ])("refuses %s", (text) => {
    expect(KeySet.parse(utf8(text)).ok).toBe(false);
  });
});

async function rsaJwk(bits: number): Promise<object> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: bits,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { kty, n, e, kid: "weak" };
}
