import { beforeAll, describe, expect, it } from "vitest";
import { svidVerifier } from "../../../src/client/verify.ts";
import { serializeBundleMap, type Bundle } from "../../../src/encoding/bundle.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseBundleMap } from "../../../src/svid/bundle-map.ts";
import type { KnownBundle } from "../../../src/svid/bundle-verifier.ts";
import { OID } from "../../../src/svid/extensions.ts";
import {
  ID,
  jwtSvid,
  OWN,
  own,
  peer,
  PEER,
  platform,
  third,
  witSvid,
} from "../attestors/spiffe/spiffe-support.ts";
import { NOW } from "../attestors/support.ts";
import { extension, testCa } from "../svid/forge.ts";

const AUDIENCE = "https://orders.example";
const SEQUENCE = 2n ** 60n + 1n;
let leaf: Uint8Array;
let theirs: Bundle;
/** A bundle of the third domain, with the peer's own CA in it: as wrong as a domain can be. */
let greedy: Bundle;

beforeAll(async () => {
  const ca = await testCa("Partner CA");
  const { publicKey } = await platform.generateKey("P-256");
  const extensions = [
    extension.keyUsage([0]),
    extension.purposes(OID.serverAuth, OID.clientAuth),
    extension.uris([ID]),
  ];
  leaf = await ca.issue({ spki: publicKey.spki, extensions });
  const x509Authorities = [{ certificate: ca.der, info: ca.certificate.info }];
  theirs = { ...peer.bundle, x509Authorities, sequence: SEQUENCE };
  greedy = { ...peer.bundle, x509Authorities };
});

/** Asked for a trust domain, with the names that it was asked for. */
function holding(bundles: Readonly<Record<string, KnownBundle>>) {
  const asked: string[] = [];
  const find = (name: string) => {
    asked.push(name);
    return Object.hasOwn(bundles, name) ? bundles[name] : undefined;
  };
  return { asked, verifier: svidVerifier({ find }, platform) };
}

const reasonOf = (result: { ok: boolean; error?: { reason: string } }): string =>
  result.ok ? "verified" : (result.error?.reason ?? "");

describe("an SVID of another trust domain", () => {
  it("is verified with its bundle alone, which the result names with sequence and age", async () => {
    const { verifier, asked } = holding({
      [PEER]: { bundle: theirs, heldSince: NOW - 90 },
      [OWN]: { bundle: own.bundle },
      "third.example": { bundle: third.bundle, heldSince: NOW },
    });
    const bundle = { trustDomain: PEER, sequence: SEQUENCE, ageSeconds: 90 };
    const spiffeId = expect.objectContaining({ uri: ID }) as unknown;
    const svid = expect.objectContaining({ spiffeId }) as unknown;
    expect(await verifier.x509([leaf])).toEqual({ ok: true, value: { svid, bundle } });
    expect(await verifier.jwt(await jwtSvid({ aud: AUDIENCE }), AUDIENCE)).toEqual({
      ok: true,
      value: { svid, bundle },
    });
    expect(await verifier.wit(await witSvid())).toEqual({ ok: true, value: { svid, bundle } });
    expect(asked).toEqual([PEER, PEER, PEER]);
  });

  it("is verified with no other bundle, whatever keys that holds", async () => {
    const { verifier } = holding({
      [OWN]: { bundle: greedy },
      "third.example": { bundle: greedy, heldSince: NOW },
    });
    expect(reasonOf(await verifier.x509([leaf]))).toBe("keys_unavailable");
    expect(reasonOf(await verifier.jwt(await jwtSvid({ aud: AUDIENCE }), AUDIENCE))).toBe(
      "keys_unavailable",
    );
    expect(reasonOf(await verifier.wit(await witSvid()))).toBe("keys_unavailable");
  });

  it("is not made by the keys of another, though both are held and bear one id", async () => {
    const { verifier } = holding({
      [PEER]: { bundle: theirs, heldSince: NOW },
      "third.example": { bundle: third.bundle, heldSince: NOW },
    });
    const forged = await jwtSvid({ aud: AUDIENCE }, {}, third.jwt);
    expect(reasonOf(await verifier.jwt(forged, AUDIENCE))).toBe("signature_invalid");
    expect(reasonOf(await verifier.wit(await witSvid({}, {}, third.wit)))).toBe(
      "signature_invalid",
    );
    const stranger = await testCa("Partner CA");
    const extensions = [
      extension.keyUsage([0]),
      extension.purposes(OID.serverAuth, OID.clientAuth),
      extension.uris([ID]),
    ];
    const unrelated = await stranger.issue({ extensions });
    expect(reasonOf(await verifier.x509([unrelated]))).toBe("certificate_chain_invalid");
  });

  it("is judged by its own profile: audience, time, kind of key", async () => {
    const { verifier } = holding({ [PEER]: { bundle: theirs, heldSince: NOW } });
    const verdict = async (change: object, header: object = {}) =>
      reasonOf(await verifier.jwt(await jwtSvid({ aud: AUDIENCE, ...change }, header), AUDIENCE));
    expect(await verdict({})).toBe("verified");
    expect(await verdict({ aud: "https://else.example" })).toBe("audience_mismatch");
    expect(await verdict({ exp: NOW - 61 })).toBe("evidence_expired");
    expect(await verdict({}, { typ: "wit+jwt" })).toBe("jws_type");
    expect(await verdict({ sub: "spiffe://partner.example" })).toBe("claim_value");
    expect(await verdict({ sub: 7 })).toBe("claim_missing");
    expect(reasonOf(await verifier.wit(await jwtSvid()))).toBe("jws_type");
    const byJwtKey = await witSvid({}, { kid: "key-1" }, peer.jwt);
    expect(reasonOf(await verifier.wit(byJwtKey))).toBe("key_unknown");
    const byWitKey = await jwtSvid({ aud: AUDIENCE }, { kid: peer.wit.kid }, peer.wit);
    expect(reasonOf(await verifier.jwt(byWitKey, AUDIENCE))).toBe("key_unknown");
    expect(reasonOf(await verifier.x509([]))).toBe("certificate_chain_invalid");
    await expect(verifier.jwt(await jwtSvid(), "")).rejects.toThrow(TypeError);
  });
});

describe("a Bundle Map", () => {
  const map = (text: string) => parseBundleMap(utf8Encode(text));

  it("is read as it is written", () => {
    const bundles = new Map([
      [PEER, { ...peer.bundle, sequence: 7n }],
      [OWN, own.bundle],
    ]);
    expect(map(serializeBundleMap(bundles))).toEqual({
      ok: true,
      value: new Map([...bundles].toSorted()),
    });
    expect(map('{"trust_domains":{}}')).toEqual({ ok: true, value: new Map() });
  });

  it.each([
    ["a bundle", '{"keys":[]}'],
    ["a name twice", '{"trust_domains":{"a.example":{"keys":[]},"a.example":{"keys":[]}}}'],
    ["no trust domain", '{"trust_domains":{"A.example":{"keys":[]}}}'],
    ["one broken member", '{"trust_domains":{"a.example":{"keys":[]},"b.example":{}}}'],
    [
      "more names than a map may have",
      `{"trust_domains":{${Array.from({ length: 4097 }, (_, at) => `"d${at}":{"keys":[]}`).join()}}}`,
    ],
    ["a list", '{"trust_domains":[]}'],
    ["text", "bundle"],
  ])("%s is none, as a whole", (_name, text) => {
    expect(map(text).ok).toBe(false);
  });
});
