import { beforeAll, describe, expect, it } from "vitest";
import type { CryptoPrimitives } from "../../../src/encoding/primitives.ts";
import { ascii, implicit } from "../../../src/encoding/der/writer.ts";
import { spkiOf } from "../../../src/encoding/public-key.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Certificate } from "../../../src/svid/certificate.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { validatePath, type PathOptions } from "../../../src/svid/path.ts";
import {
  caOf,
  DAY,
  extension,
  NOW,
  platform,
  read,
  testCa,
  type Fields,
  type TestCa,
} from "./forge.ts";

const LEAF: Fields = {
  subject: "leaf",
  extensions: [extension.keyUsage([0]), extension.uris(["spiffe://prod.example.org/a"], false)],
};
const CA = [extension.ca(), extension.keyUsage([5])];

let root: TestCa;
let workload: PrivateKey;
beforeAll(async () => {
  root = await testCa("root");
  workload = await platform.generateKey("P-256");
});

const issue = async (by: TestCa, fields: Fields = {}): Promise<Certificate> =>
  read(await by.issue({ spki: workload.publicKey.spki, ...LEAF, ...fields }));

const certificatesOf = (cas: readonly TestCa[]) => cas.map(({ certificate }) => certificate);

/** @returns the length of the path, or what is wrong */
async function judge(
  leaf: Certificate,
  intermediates: readonly TestCa[],
  anchors: readonly TestCa[] = [root],
  options: Partial<PathOptions> = {},
  crypto: CryptoPrimitives = platform,
): Promise<number | string> {
  const all = { now: NOW, ...options };
  const result = await validatePath(
    leaf,
    certificatesOf(intermediates),
    certificatesOf(anchors),
    all,
    crypto,
  );
  if (result.ok) return result.value.length;
  expect(result.error.reason).toBe("certificate_chain_invalid");
  return result.error.detail ?? "";
}

describe("a path is found", () => {
  it("through a cross-signed CA whose other issuer is unknown, expired or malformed in purpose", async () => {
    const stranger = await testCa("stranger");
    const key = await platform.generateKey("P-256");
    const wrong = [
      await caOf("middle", key, {}, stranger),
      await caOf("middle", key, { notAfter: NOW - 1 }, root),
      await caOf("middle", key, { extensions: [extension.ca()], notBefore: NOW + 1 }, root),
      await caOf("middle", key, { extensions: [...CA, extension.unknown(true)] }, root),
    ];
    const right = await caOf("middle", key, {}, root);
    const leaf = await issue(right);
    expect(await judge(leaf, [...wrong, right])).toBe(3);
    expect(await judge(leaf, [right, ...wrong])).toBe(3);
    expect(await judge(leaf, wrong)).toMatch(/^certificate 1 of the path: /);
  });

  it("where only the longer of two ways satisfies the constraints", async () => {
    const banned = await testCa("banned", {
      extensions: [...CA, extension.nameConstraints([implicit(6, ascii("other.example"))])],
    });
    const key = await platform.generateKey("P-256");
    const short = await caOf("middle", key, {}, banned);
    const upper = await testCa("upper", {}, root);
    const long = await caOf("middle", key, {}, upper);
    const leaf = await issue(short);
    expect(await judge(leaf, [short, long, upper], [banned, root])).toBe(4);
    expect(await judge(leaf, [short], [banned])).toContain("name of type uri not permitted");
  });

  it("with an intermediate as the anchor, whoever signed it", async () => {
    const gone = await testCa("gone");
    const middle = await testCa("middle", {}, gone);
    expect(await judge(await issue(middle), [], [middle])).toBe(2);
  });

  it("where one certificate of the anchor constrains names and another does not", async () => {
    const key = await platform.generateKey("P-256");
    const banned = extension.nameConstraints([implicit(6, ascii("other.example"))]);
    const strict = await caOf("renewed", key, { extensions: [...CA, banned] });
    const free = await caOf("renewed", key);
    const leaf = await issue(free);
    expect(await judge(leaf, [], [strict, free])).toBe(2);
    expect(await judge(leaf, [], [strict])).toContain("not permitted");
  });

  it("among several CAs of one name", async () => {
    const cas = await Promise.all([1, 2, 3, 4].map(() => testCa("same", { extensions: CA })));
    for (const ca of cas) expect(await judge(await issue(ca), [], cas)).toBe(2);
  });

  it("by the first signature tried, where the leaf names which CA of one name signed it", async () => {
    const cas = await Promise.all([1, 2, 3, 4].map(() => testCa("same")));
    for (const ca of cas) {
      const keyId = ca.certificate.extensions.subjectKeyId ?? new Uint8Array();
      const extensions = [...(LEAF.extensions ?? []), extension.authorityKeyId(keyId)];
      const leaf = await issue(ca, { extensions });
      expect(await judge(leaf, [], cas, { maxSignatureChecks: 1 })).toBe(2);
    }
  });

  it("through a CA that renewed its key by itself, without counting it", async () => {
    const strict = await testCa("strict", {
      extensions: [extension.ca(0), extension.keyUsage([5])],
    });
    const renewed = await testCa("strict", {}, strict);
    const leaf = await issue(renewed);
    expect(await judge(leaf, [renewed], [strict], { maxIntermediates: 0 })).toBe(3);
  });

  it("where names differ only in case, space and string type", async () => {
    const ca = await testCa("Example   CA");
    const leaf = read(await ca.issue({ ...LEAF, issuer: " example ca" }));
    expect(await judge(leaf, [], [ca])).toBe(2);
  });

  it("with anchors outside their dates, where that is asked for", async () => {
    const old = await testCa("old", { notAfter: NOW - 1 });
    const leaf = await issue(old);
    expect(await judge(leaf, [], [old])).toContain("expired");
    expect(await judge(leaf, [], [old], { anchorValidity: "ignored" })).toBe(2);
    const middle = await testCa("late", { notAfter: NOW - 1 }, root);
    expect(
      await judge(await issue(middle), [middle], [root], { anchorValidity: "ignored" }),
    ).toContain("expired");
  });

  it("for the purposes asked for", async () => {
    const purposes = [OID.clientAuth];
    const client = [extension.purposes(OID.clientAuth)];
    const server = [extension.purposes(OID.serverAuth)];
    const any = [extension.purposes(OID.anyExtendedKeyUsage)];
    expect(await judge(await issue(root, { extensions: client }), [], [root], { purposes })).toBe(
      2,
    );
    expect(await judge(await issue(root, { extensions: any }), [], [root], { purposes })).toBe(2);
    expect(
      await judge(await issue(root, { extensions: server }), [], [root], { purposes }),
    ).toContain("purposes");
    expect(await judge(await issue(root, { extensions: server }), [], [root])).toBe(2);
    const constrained = await testCa("servers", { extensions: [...CA, ...server] });
    expect(await judge(await issue(constrained), [], [constrained], { purposes })).toContain(
      "purposes",
    );
  });
});

describe("no path is found", () => {
  it("to an anchor that is no CA, may not sign, or is of version 1", async () => {
    const cases: readonly [Fields, string][] = [
      [{ extensions: [extension.notCa()] }, "is no ca"],
      [{ extensions: [extension.keyUsage([0])] }, "is no ca"],
      [{ extensions: [extension.ca(), extension.keyUsage([6])] }, "may not sign certificates"],
      [{ extensions: [...CA, extension.unknown(true)] }, "not understood"],
    ];
    for (const [fields, problem] of cases) {
      const anchor = await testCa("anchor", fields);
      expect(await judge(await issue(anchor), [], [anchor])).toContain(problem);
    }
  });

  it("from a CA, unless that is asked for", async () => {
    const leaf = await issue(root, { extensions: CA });
    expect(await judge(leaf, [])).toBe("leaf: is a ca");
    expect(await judge(leaf, [], [root], { leaf: "any" })).toBe(2);
  });

  it("where a leaf calls itself an issuer of the same name", async () => {
    const leaf = await issue(root, { subject: "root" });
    expect(await judge(leaf, [])).toBe(2);
    const stranger = await testCa("root");
    expect(await judge(await issue(stranger), [])).toContain("signature does not verify");
  });

  it("in a circle of CAs that sign each other", async () => {
    const keys = await Promise.all([1, 2, 3].map(async () => platform.generateKey("P-256")));
    const cas: TestCa[] = [];
    const first = await Promise.all(keys.map(async (key, at) => caOf(`ca${at}`, key)));
    for (const by of first)
      for (const [at, key] of keys.entries())
        if (by.key !== key) cas.push(await caOf(`ca${at}`, key, {}, by));
    expect(cas.length).toBe(6);
    const [ca] = cas;
    expect(ca === undefined ? "" : await judge(await issue(ca), cas)).toContain("no issuer found");
  });

  it("deeper than the limits", async () => {
    let by = root;
    const chain: TestCa[] = [];
    for (let depth = 0; depth < 7; depth++) chain.push((by = await testCa(`ca${depth}`, {}, by)));
    expect(await judge(await issue(chain[5] ?? root), chain)).toBe(8);
    expect(await judge(await issue(by), chain)).toContain("too many intermediates");
    expect(await judge(await issue(by), chain, [root], { maxIntermediates: 7 })).toBe(9);
    expect(
      await judge(await issue(chain[1] ?? root), chain, [root], { maxIntermediates: 1 }),
    ).toContain("too many");
    const selfIssued: TestCa[] = [];
    by = root;
    for (let depth = 0; depth < 12; depth++) selfIssued.push((by = await testCa("root", {}, by)));
    expect(await judge(await issue(by), selfIssued)).toContain("path too long");
  });

  it("longer than the anchor itself allows", async () => {
    const short = await testCa("short", { extensions: [extension.ca(0), extension.keyUsage([5])] });
    const middle = await testCa("middle", {}, short);
    expect(await judge(await issue(short), [], [short])).toBe(2);
    expect(await judge(await issue(middle), [middle], [short])).toContain("path length exceeded");
  });

  it("to a leaf of the issuer's own name that breaks its constraints", async () => {
    const banned = extension.nameConstraints([implicit(6, ascii("other.example"))]);
    const ca = await testCa("strict", { extensions: [...CA, banned] }, root);
    const leaf = await issue(ca, { subject: "strict" });
    expect(await judge(leaf, [ca])).toContain("not permitted");
  });

  it("with more public-key work than allowed, however many certificates are sent", async () => {
    const crowd = await Promise.all(
      Array.from({ length: 40 }, async () => testCa("crowd", { extensions: CA }, root)),
    );
    const last = crowd.at(-1) ?? root;
    let checks = 0;
    const counting: CryptoPrimitives = {
      ...platform,
      verify: (...input) => {
        checks++;
        return platform.verify(...input);
      },
    };
    const leaf = await issue(last);
    expect(await judge(leaf, crowd, [root], {}, counting)).toBe(3);
    checks = 0;
    expect(await judge(leaf, crowd, [root], { maxSignatureChecks: 30 }, counting)).toContain(
      "work limit",
    );
    expect(checks).toBe(30);
  });

  it("with more names under constraints than allowed", async () => {
    const bases = Array.from({ length: 200 }, (_, at) => implicit(2, ascii(`a${at}.example`)));
    const names = Array.from({ length: 150 }, (_, at) => implicit(2, ascii(`b${at}.example`)));
    const ca = await testCa("many", { extensions: [...CA, extension.nameConstraints([], bases)] });
    const few = await issue(ca, { extensions: [extension.altNames(...names.slice(0, 50))] });
    expect(await judge(few, [], [ca])).toBe(2);
    const many = await issue(ca, { extensions: [extension.altNames(...names)] });
    expect(await judge(many, [], [ca])).toContain("too many names");
  });

  it("through policy constraints, critical or not", async () => {
    for (const critical of [true, false]) {
      const ca = await testCa("policies", {
        extensions: [...CA, extension.policyConstraints(critical)],
      });
      expect(await judge(await issue(ca), [], [ca])).toMatch(/policies|not understood/);
    }
  });

  it("with an RSA key below 2048 bits", async () => {
    const n = new Uint8Array(128).fill(0xc1);
    const spki = spkiOf({ type: "RSA", n, e: Uint8Array.of(1, 0, 1) });
    expect(await judge(await issue(root, { spki }), [])).toBe("leaf: rsa key too short");
  });

  it("a day after everything has expired", async () => {
    expect(await judge(await issue(root), [], [root], { now: NOW + DAY + 1 })).toBe(
      "leaf: expired",
    );
  });
});
