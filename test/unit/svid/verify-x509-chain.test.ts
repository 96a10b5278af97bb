import { beforeAll, describe, expect, it } from "vitest";
import { ascii, implicit } from "../../../src/encoding/der/writer.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Reason } from "../../../src/reasons.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { DAY, extension, forge, NOW, platform, testCa, type Fields, type TestCa } from "./forge.ts";
import { chainVerdict, leafOf, leafWith } from "./leaves.ts";

let root: TestCa;
let workload: PrivateKey;
beforeAll(async () => {
  root = await testCa("root");
  workload = await platform.generateKey("P-256");
});

const leaf = async (fields: Fields, by = root): Promise<Uint8Array> => leafOf(by, workload, fields);
const verdict = async (
  chain: readonly Uint8Array[],
  anchors: readonly TestCa[] = [root],
  now = NOW,
): Promise<Reason | undefined> => chainVerdict(chain, anchors, now);

describe("a chain is refused", () => {
  it("when empty, without anchors, or with anchors of another CA", async () => {
    expect(await verdict([])).toBe("certificate_chain_invalid");
    expect(await verdict([await leaf({})], [])).toBe("certificate_chain_invalid");
    const other = await testCa("root");
    expect(await verdict([await leaf({})], [other])).toBe("certificate_chain_invalid");
  });
  it("when the root is only sent along", async () => {
    const other = await testCa("other");
    expect(await verdict([await leaf({}), root.der], [other])).toBe("certificate_chain_invalid");
  });
  it("when it has more certificates than any path", async () => {
    const chain = [await leaf({}), ...Array.from({ length: 10 }, () => root.der)];
    expect(await verdict(chain)).toBe("certificate_chain_invalid");
  });
  it("when a workload issued with its own certificate", async () => {
    const subject = "workload";
    const middle = await leaf({ subject });
    const fields = { issuer: subject, extensions: leafWith({}) };
    const forged = await forge({ ...fields, spki: root.key.publicKey.spki }, workload);
    expect(await verdict([forged, middle])).toBe("certificate_chain_invalid");
  });
  const intermediates: readonly [string, Fields][] = [
    ["may not sign certificates", { extensions: [extension.ca(), extension.keyUsage([0])] }],
    ["has no key usage", { extensions: [extension.ca()] }],
    ["is no ca", { extensions: [extension.notCa(), extension.keyUsage([5])] }],
    ["has no basic constraints", { extensions: [extension.keyUsage([5])] }],
    ["has expired", { notAfter: NOW - 1 }],
    ["is not yet valid", { notBefore: NOW + 1 }],
    [
      "is for code signing",
      {
        extensions: [
          extension.ca(),
          extension.keyUsage([5]),
          extension.purposes("1.3.6.1.5.5.7.3.3"),
        ],
      },
    ],
    [
      "is for servers only",
      { extensions: [extension.ca(), extension.keyUsage([5]), extension.purposes(OID.serverAuth)] },
    ],
    [
      "has an unknown critical extension",
      { extensions: [extension.ca(), extension.keyUsage([5]), extension.unknown(true)] },
    ],
    [
      "is for another trust domain by name constraint",
      {
        extensions: [
          extension.ca(),
          extension.keyUsage([5]),
          extension.nameConstraints([implicit(6, ascii("other.example"))]),
        ],
      },
    ],
  ];
  it.each(intermediates)("when the intermediate %s", async (_, fields) => {
    const bad = await testCa("bad", fields, root);
    expect(await verdict([await leaf({}, bad), bad.der])).toBe("certificate_chain_invalid");
  });
  it("when a path length is exceeded", async () => {
    const none = await testCa(
      "none",
      { extensions: [extension.ca(0), extension.keyUsage([5])] },
      root,
    );
    expect(await verdict([await leaf({}, none), none.der])).toBeUndefined();
    const below = await testCa("below", {}, none);
    expect(await verdict([await leaf({}, below), below.der, none.der])).toBe(
      "certificate_chain_invalid",
    );
  });
  it("when the root has expired", async () => {
    const old = await testCa("old", { notAfter: NOW - DAY / 2 });
    expect(await verdict([await leaf({}, old)], [old])).toBe("certificate_chain_invalid");
  });
  it("when the trust domain asked for is another", async () => {
    const other = parseTrustDomain("other.example");
    expect(other.ok && (await chainVerdict([await leaf({})], [root], NOW, other.value))).toBe(
      "claim_value",
    );
  });
});
