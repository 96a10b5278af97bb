import { describe, expect, it } from "vitest";
import { isJsonObject, member, parseJsonObject } from "../../../src/encoding/json.ts";
import type { JsonObject } from "../../../src/encoding/json.ts";
import { keyFits, parseCompactJws, verifyJws } from "../../../src/encoding/jws.ts";
import { checkKeyQuality } from "../../../src/encoding/key-quality.ts";
import { parseJwk } from "../../../src/encoding/public-key.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { expectVerdicts, type Verdict } from "../../conformance/tally.ts";

interface Group {
  readonly comment: string;
  readonly public?: JsonObject;
  readonly private: JsonObject;
  readonly tests: readonly {
    readonly tcId: number;
    readonly jws?: unknown;
    readonly result: "valid" | "invalid" | "acceptable";
  }[];
}

const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/wycheproof/json_web_{signature,key,crypto}_test.json",
  { query: "?raw", import: "default", eager: true },
);

/** Valid tokens that are refused on purpose. */
const WAIVED: ReadonlyMap<number, string> = new Map([
  [346, "the key is for PS256, the token says PS384"],
  [347, "the key's alg is a name that no standard has"],
  [350, "the key is for PS256, the token says PS384"],
  [351, "the key's alg is a name that no standard has"],
]);

const platform = webCryptoPlatform();

/** What a relying party does with a key set: the key is chosen by id, and must be for this very use. */
async function accepts(token: string, keys: readonly JsonObject[]): Promise<boolean> {
  const jws = parseCompactJws(token);
  if (!jws.ok) return false;
  for (const jwk of keys) {
    const kid = member(jwk, "kid");
    if (kid !== undefined && kid !== jws.value.kid) continue;
    const alg = member(jwk, "alg");
    const use = member(jwk, "use");
    const operations = member(jwk, "key_ops");
    if (alg !== undefined && alg !== jws.value.alg) continue;
    if (use !== undefined && use !== "sig") continue;
    if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify")))
      continue;
    const info = parseJwk(jwk);
    if (!info.ok || !keyFits(jws.value.alg, info.value)) continue;
    // The RFC's example keys are refused for workloads; here they only show that signatures verify.
    const quality = checkKeyQuality(info.value);
    if (!quality.ok && quality.error.detail !== "private key is public knowledge") continue;
    const key = await platform.importPublicKey(info.value);
    if (!key.ok) continue;
    const verified = await verifyJws(jws.value, key.value, platform);
    if (verified.ok) return true;
  }
  return false;
}

function keysOf({ public: published, private: held }: Group): readonly JsonObject[] {
  const document = published ?? held;
  const { keys } = document;
  return Array.isArray(keys) ? keys.filter(isJsonObject) : [document];
}

function isSymmetric(group: Group): boolean {
  return keysOf(group).some((key) => key["kty"] === "oct");
}

describe.skipIf(Object.keys(files).length === 0)("Wycheproof", () => {
  for (const [path, text] of Object.entries(files)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const { testGroups }: { readonly testGroups: readonly Group[] } = JSON.parse(text);

    it(`judges what must fail, and asymmetric signatures that must pass: ${name}`, async () => {
      const verdicts: Verdict[] = [];
      for (const group of testGroups) {
        for (const { tcId, jws, result } of group.tests) {
          const good = result === "valid";
          if (result === "acceptable" || jws === undefined || (good && isSymmetric(group)))
            continue;
          const token = typeof jws === "string" ? jws : JSON.stringify(jws);
          // In its JSON form we take none.
          if (good && token !== jws) continue;
          verdicts.push({ id: tcId, good, accepted: await accepts(token, keysOf(group)) });
        }
      }
      expect(verdicts.filter(({ good }) => !good)).toHaveLength(
        { signature: 355, key: 21, crypto: 45 }[nameOf(name)],
      );
      expectVerdicts(`Wycheproof ${name}`, verdicts, WAIVED);
    });

    it(`refuses every HMAC, valid ones too: ${name}`, async () => {
      const accepted: number[] = [];
      for (const group of testGroups.filter(isSymmetric)) {
        for (const { tcId, jws } of group.tests)
          if (typeof jws === "string" && (await accepts(jws, keysOf(group)))) accepted.push(tcId);
      }
      expect(accepted).toEqual([]);
    });
  }
});

function nameOf(file: string): "signature" | "key" | "crypto" {
  return file.includes("signature") ? "signature" : file.includes("key") ? "key" : "crypto";
}

const cookbook = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/jose-cookbook/{jws,jwk}/*.json",
  { query: "?raw", import: "default", eager: true },
);

function cookbookFile(name: string): JsonObject {
  const path = Object.keys(cookbook).find((candidate) => candidate.endsWith(name));
  const parsed = parseJsonObject(path === undefined ? "" : (cookbook[path] ?? ""));
  if (!parsed.ok) throw new Error(`not there: ${name}`);
  return parsed.value;
}

describe.skipIf(Object.keys(cookbook).length === 0)("RFC 7520", () => {
  it.each([
    ["4_1.rsa_v15_signature.json", "3_3.rsa_public_key.json"],
    ["4_2.rsa-pss_signature.json", "3_3.rsa_public_key.json"],
    ["4_3.ecdsa_signature.json", "3_1.ec_public_key.json"],
  ])("verifies %s", async (file, keyFile) => {
    const { output } = cookbookFile(file);
    const token = isJsonObject(output) ? output["compact"] : undefined;
    const key = cookbookFile(keyFile);
    if (typeof token !== "string") throw new Error("no token");
    expect(await accepts(token, [key])).toBe(true);
    // The last character also carries bits that are no part of the signature; the one before does not.
    const changed = token.at(-3) === "A" ? "B" : "A";
    expect(await accepts(token.slice(0, -3) + changed + token.slice(-2), [key])).toBe(false);
    expect(parseCompactJws(`${token}=`).ok).toBe(false);
  });

  it.each([
    "4_4.hmac-sha2_integrity_protection.json",
    "4_5.signature_with_detached_content.json",
    "4_6.protecting_specific_header_fields.json",
    "4_7.protecting_content_only.json",
    "4_8.multiple_signatures.json",
  ])("refuses every form of %s", async (file) => {
    const { output } = cookbookFile(file);
    const keys = [
      "3_1.ec_public_key.json",
      "3_3.rsa_public_key.json",
      "3_5.symmetric_key_mac_computation.json",
    ].map(cookbookFile);
    for (const form of Object.values(isJsonObject(output) ? output : {})) {
      const token = typeof form === "string" ? form : JSON.stringify(form);
      expect(await accepts(token, keys)).toBe(false);
    }
  });

  it("takes only the public halves of the keys", () => {
    expect(parseJwk(cookbookFile("3_1.ec_public_key.json")).ok).toBe(true);
    expect(parseJwk(cookbookFile("3_3.rsa_public_key.json")).ok).toBe(true);
    expect(parseJwk(cookbookFile("3_2.ec_private_key.json")).ok).toBe(false);
    expect(parseJwk(cookbookFile("3_4.rsa_private_key.json")).ok).toBe(false);
    expect(parseJwk(cookbookFile("3_6.symmetric_key_encryption.json")).ok).toBe(false);
  });
});
