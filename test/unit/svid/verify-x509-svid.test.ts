import { beforeAll, describe, expect, it } from "vitest";
import { ascii, explicit, implicit, seq } from "../../../src/encoding/der/writer.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Reason } from "../../../src/reasons.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { readX509Svid, verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import {
  extension,
  forge,
  NOW,
  platform,
  read,
  testCa,
  type Fields,
  type TestCa,
} from "./forge.ts";
import { chainVerdict, good, leafOf, leafWith } from "./leaves.ts";
import { ID, trustDomain } from "./mint.ts";

let root: TestCa;
let intermediate: TestCa;
let workload: PrivateKey;
beforeAll(async () => {
  root = await testCa("root");
  intermediate = await testCa("intermediate", {}, root);
  workload = await platform.generateKey("P-256");
});

const leaf = async (fields: Fields, by = root): Promise<Uint8Array> => leafOf(by, workload, fields);
const verdict = async (
  chain: readonly Uint8Array[],
  anchors: readonly TestCa[] = [root],
  now = NOW,
): Promise<Reason | undefined> => chainVerdict(chain, anchors, now);

describe("an X.509-SVID is accepted", () => {
  it("from a root", async () => {
    const result = await verifyX509Svid(
      [await leaf({})],
      [root.certificate],
      trustDomain,
      NOW,
      platform,
    );
    expect(result.ok && result.value.spiffeId.uri).toBe(ID);
    expect(result.ok && result.value.path.length).toBe(2);
  });
  it("through an intermediate, in any order after the leaf", async () => {
    const second = await testCa("second", {}, intermediate);
    const certificate = await leaf({}, second);
    expect(await verdict([certificate, second.der, intermediate.der])).toBeUndefined();
    expect(await verdict([certificate, intermediate.der, second.der])).toBeUndefined();
  });
  it("with a dns name beside the uri, and without an extended key usage", async () => {
    const names = extension.altNames(implicit(2, ascii("api.local")), implicit(6, ascii(ID)));
    expect(await verdict([await leaf({ extensions: leafWith({ uris: names }) })])).toBeUndefined();
    const bare = [good.keyUsage, good.uris];
    expect(await verdict([await leaf({ extensions: bare })])).toBeUndefined();
  });
  it("in the first and the last second of its life", async () => {
    const certificate = await leaf({ notBefore: NOW, notAfter: NOW + 60 });
    expect(await verdict([certificate], [root], NOW)).toBeUndefined();
    expect(await verdict([certificate], [root], NOW + 60)).toBeUndefined();
    expect(await verdict([certificate], [root], NOW - 1)).toBe("certificate_chain_invalid");
    expect(await verdict([certificate], [root], NOW + 61)).toBe("certificate_chain_invalid");
  });
});

describe("a leaf is refused", () => {
  const profiles: readonly [string, Uint8Array[], Reason][] = [
    [
      "with another trust domain",
      leafWith({ uris: extension.uris(["spiffe://other.example/api"]) }),
      "claim_value",
    ],
    [
      "with the trust domain's own id",
      leafWith({ uris: extension.uris(["spiffe://prod.example.org"]) }),
      "claim_value",
    ],
    ["with an id ending in a slash", leafWith({ uris: extension.uris([`${ID}/`]) }), "claim_value"],
    [
      "with dot segments",
      leafWith({ uris: extension.uris(["spiffe://prod.example.org/a/../b"]) }),
      "claim_value",
    ],
    [
      "with an upper-case trust domain",
      leafWith({ uris: extension.uris(["spiffe://Prod.example.org/a"]) }),
      "claim_value",
    ],
    [
      "with another scheme",
      leafWith({ uris: extension.uris(["https://prod.example.org/a"]) }),
      "claim_value",
    ],
    [
      "with two uris",
      leafWith({ uris: extension.uris([ID, `${ID}2`]) }),
      "certificate_chain_invalid",
    ],
    [
      "with the same uri twice",
      leafWith({ uris: extension.uris([ID, ID]) }),
      "certificate_chain_invalid",
    ],
    [
      "with a second uri of another scheme",
      leafWith({ uris: extension.uris([ID, "https://x.example"]) }),
      "certificate_chain_invalid",
    ],
    [
      "without a uri",
      leafWith({ uris: extension.altNames(implicit(2, ascii("api.local"))) }),
      "certificate_chain_invalid",
    ],
    ["with CA:TRUE", leafWith({ notCa: extension.ca() }), "certificate_chain_invalid"],
    [
      "with keyCertSign",
      leafWith({ keyUsage: extension.keyUsage([0, 5]) }),
      "certificate_chain_invalid",
    ],
    [
      "with cRLSign",
      leafWith({ keyUsage: extension.keyUsage([0, 6]) }),
      "certificate_chain_invalid",
    ],
    [
      "without digitalSignature",
      leafWith({ keyUsage: extension.keyUsage([2]) }),
      "certificate_chain_invalid",
    ],
    [
      "with key usage not critical",
      leafWith({ keyUsage: extension.keyUsage([0], false) }),
      "certificate_chain_invalid",
    ],
    ["without key usage", [good.uris, good.notCa], "certificate_chain_invalid"],
    [
      "for servers only",
      leafWith({ purposes: extension.purposes(OID.serverAuth) }),
      "certificate_chain_invalid",
    ],
    [
      "for clients only",
      leafWith({ purposes: extension.purposes(OID.clientAuth) }),
      "certificate_chain_invalid",
    ],
    [
      "with an unknown critical extension",
      leafWith({}, [extension.unknown(true)]),
      "certificate_chain_invalid",
    ],
    [
      "with name constraints",
      leafWith({}, [extension.nameConstraints([implicit(2, ascii("example.org"))])]),
      "certificate_chain_invalid",
    ],
    ["with an extension twice", leafWith({}, [good.keyUsage]), "certificate_malformed"],
    [
      "with an empty subject and its names not critical",
      leafWith({ uris: extension.uris([ID], false) }),
      "certificate_malformed",
    ],
    [
      "with a NUL in its uri",
      leafWith({ uris: extension.uris([`${ID}\u0000`]) }),
      "certificate_malformed",
    ],
    [
      "with a space in its uri",
      leafWith({ uris: extension.uris([`${ID} `]) }),
      "certificate_malformed",
    ],
    ["without extensions", [], "certificate_malformed"],
  ];
  it.each(profiles)("%s", async (_, extensions, reason) => {
    expect(await verdict([await leaf({ extensions })])).toBe(reason);
  });
  it.each([
    ["expired", { notAfter: NOW - 1 }],
    ["not yet valid", { notBefore: NOW + 1 }],
    ["valid backwards", { notBefore: NOW + 10, notAfter: NOW - 10 }],
  ] as const)("%s", async (_, fields) => {
    expect(await verdict([await leaf(fields)])).toBe("certificate_chain_invalid");
  });
  it("with serial 0, negative, or longer than 20 octets", async () => {
    for (const serial of [
      new Uint8Array(1),
      new Uint8Array(21).fill(1),
      new Uint8Array(21).fill(0xff),
    ])
      expect(await verdict([await leaf({ serial })])).toBe("certificate_malformed");
  });
  it("with bytes after it, inside it, or missing", async () => {
    const der = await leaf({});
    for (const bytes of [Uint8Array.of(...der, 0), der.subarray(0, -1), seq(der), new Uint8Array()])
      expect(await verdict([bytes])).toBe("certificate_malformed");
    const tail = [explicit(3, seq(...leafWith({}))), implicit(4, new Uint8Array(1))];
    expect(await verdict([await leaf({ tail })])).toBe("certificate_malformed");
  });
  it("signed by somebody else, or with one bit of the signature changed", async () => {
    const stranger = await platform.generateKey("P-256");
    const fields = { issuer: "root", spki: workload.publicKey.spki, extensions: leafWith({}) };
    expect(await verdict([await forge(fields, stranger)])).toBe("certificate_chain_invalid");
    const der = await leaf({});
    const at = der.length - 5;
    expect(await verdict([der.with(at, (der[at] ?? 0) ^ 1)])).toBe("certificate_chain_invalid");
  });
  it("signed by itself", async () => {
    const fields = { issuer: "workload", subject: "workload", extensions: leafWith({}) };
    const der = await forge(fields, workload);
    expect(await verdict([der])).toBe("certificate_chain_invalid");
    expect(await verdict([der, der])).toBe("certificate_chain_invalid");
  });
});

describe("readX509Svid", () => {
  it("names the trust domain whose bundle is to be used", async () => {
    const id = readX509Svid(read(await leaf({})));
    expect(id.ok && id.value.trustDomain).toBe("prod.example.org");
  });
});
