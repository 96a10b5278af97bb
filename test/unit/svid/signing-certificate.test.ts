import { beforeAll, describe, expect, it } from "vitest";
import { ascii, implicit, octets } from "../../../src/encoding/der/writer.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID } from "../../../src/svid/extensions.ts";
import {
  checkSigningCertificate,
  type SigningCertificateRules,
} from "../../../src/svid/signing-certificate.ts";
import { DAY, extension, NOW, testCa, type Fields } from "./forge.ts";
import { minter, trustDomain, type Minter } from "./mint.ts";

const KEY_ID = encodeExtension(OID.subjectKeyId, false, octets(new Uint8Array(20).fill(7)));
const good = {
  ca: extension.ca(1),
  keyUsage: extension.keyUsage([5]),
  keyId: KEY_ID,
  uris: extension.uris([`spiffe://${trustDomain}`], false),
};
const listWith = (
  change: Partial<Record<keyof typeof good, Uint8Array | undefined>>,
  ...more: Uint8Array[]
) => [...Object.values({ ...good, ...change }).filter((one) => one !== undefined), ...more];

let ca: Minter;
beforeAll(async () => {
  ca = await minter("P-256");
});

async function issues(
  fields: Fields,
  rules: Partial<SigningCertificateRules> = {},
): Promise<string[]> {
  const { certificate } = await testCa("ca", { extensions: listWith({}), ...fields });
  return checkSigningCertificate(certificate, {
    trustDomain,
    now: NOW,
    signs: "intermediates",
    ...rules,
  }).map(({ severity, message }) => `${severity}: ${message}`);
}

describe("a signing certificate", () => {
  it("of our own making is good for everything", () => {
    const rules = {
      trustDomain,
      now: NOW,
      key: ca.key.publicKey.info,
      signs: "intermediates",
    } as const;
    expect(checkSigningCertificate(ca.certificate, rules)).toEqual([]);
  });
  it("is good with what an operator needs to have", async () => {
    expect(await issues({})).toEqual([]);
    expect(
      await issues({ extensions: listWith({ keyUsage: extension.keyUsage([5, 6]) }) }),
    ).toEqual([]);
    expect(
      await issues({ extensions: listWith({ ca: extension.ca(0) }) }, { signs: "leaves" }),
    ).toEqual([]);
    const permitted = extension.nameConstraints([implicit(6, ascii(trustDomain))]);
    expect(await issues({ extensions: listWith({}, permitted) })).toEqual([]);
  });

  it.each([
    ["not yet valid", { notBefore: NOW + 1 }],
    ["has expired", { notAfter: NOW - DAY / 2 }],
    ["subject key identifier is missing", { extensions: listWith({ keyId: undefined }) }],
    ["do not say that it is a ca", { extensions: listWith({ ca: extension.notCa() }) }],
    ["do not say that it is a ca", { extensions: listWith({ ca: undefined }) }],
    ["path length 0 forbids", { extensions: listWith({ ca: extension.ca(0) }) }],
    [
      "key usage lacks keyCertSign",
      { extensions: listWith({ keyUsage: extension.keyUsage([0]) }) },
    ],
    ["key usage lacks keyCertSign", { extensions: listWith({ keyUsage: undefined }) }],
    [
      "key usage must be critical",
      { extensions: listWith({ keyUsage: extension.keyUsage([5], false) }) },
    ],
    [
      "must allow both serverAuth and clientAuth",
      { extensions: listWith({}, extension.purposes(OID.serverAuth)) },
    ],
    [
      "more than one uri",
      {
        extensions: listWith({
          uris: extension.uris([`spiffe://${trustDomain}`, "https://a.example"], false),
        }),
      },
    ],
    [
      "not a spiffe id",
      { extensions: listWith({ uris: extension.uris(["https://a.example"], false) }) },
    ],
    [
      "another trust domain",
      { extensions: listWith({ uris: extension.uris(["spiffe://other.example"], false) }) },
    ],
    [
      "has no path",
      { extensions: listWith({ uris: extension.uris([`spiffe://${trustDomain}/ca`], false) }) },
    ],
    ["not understood by verifiers", { extensions: listWith({}, extension.unknown(true)) }],
    ["policy constraints", { extensions: listWith({}, extension.policyConstraints(false)) }],
    [
      "name constraints refuse",
      {
        extensions: listWith({}, extension.nameConstraints([implicit(6, ascii("other.example"))])),
      },
    ],
    [
      "name constraints refuse",
      {
        extensions: listWith({}, extension.nameConstraints([], [implicit(6, ascii(trustDomain))])),
      },
    ],
  ] as const)("is an error: %s", async (text, fields) => {
    const found = await issues(fields);
    expect(found.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining(text),
    ]);
  });

  it("is an error for another key, or without a name", async () => {
    expect(await issues({}, { key: ca.key.publicKey.info })).toEqual([
      expect.stringContaining("another key"),
    ]);
    const nameless = {
      subject: "",
      extensions: listWith({ uris: extension.uris([`spiffe://${trustDomain}`]) }),
    };
    expect(await issues(nameless)).toEqual([expect.stringContaining("subject is empty")]);
  });

  it.each([
    ["should be critical", { extensions: listWith({ ca: extension.ca(1, false) }) }],
    ["path length is not limited", { extensions: listWith({ ca: extension.ca() }) }],
    ["digitalSignature", { extensions: listWith({ keyUsage: extension.keyUsage([0, 5]) }) }],
    ["should carry the uri", { extensions: listWith({ uris: undefined }) }],
  ] as const)("is a warning: %s", async (text, fields) => {
    expect(await issues(fields)).toEqual([
      expect.stringMatching(new RegExp(`^warning: .*${text}`)),
    ]);
  });

  it("tells everything at once", async () => {
    const found = await issues({ notAfter: NOW - 1, extensions: [extension.notCa()] });
    expect(found.filter((line) => line.startsWith("error")).length).toBe(4);
  });
});
