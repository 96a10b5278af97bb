import { describe, expect, it } from "vitest";
import { readSigner } from "../../../../src/attestors/sigstore/signer.ts";
import { ascii, implicit, integer, octets, utf8 } from "../../../../src/encoding/der/writer.ts";
import { encodeExtension } from "../../../../src/svid/extension-writer.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { GITHUB, SAN, SOURCE } from "../../../fakes/node/sigstore.ts";
import { extension, forge, platform } from "../../../unit/svid/forge.ts";

const key = await platform.generateKey("P-256");
const CODE = extension.purposes("1.3.6.1.5.5.7.3.3");
const NAME = extension.uris([SAN]);
const fulcio = (last: number, value: Uint8Array) =>
  encodeExtension(`1.3.6.1.4.1.57264.1.${last}`, false, value);
const ISSUER = fulcio(8, utf8(GITHUB));
const email = implicit(1, ascii("ci@example.com"));
const uri = implicit(6, ascii(SAN));

async function reading(...extensions: readonly Uint8Array[]) {
  const read = readSigner(await forge({ extensions }, key));
  return read.ok ? read.value : read.error.reason;
}

describe("the signer of a statement", () => {
  it("is who the certificate names, with what it says of the build", async () => {
    const extra = fulcio(99, integer(1));
    expect(await reading(CODE, NAME, ISSUER, fulcio(12, utf8(SOURCE)), extra)).toEqual({
      san: SAN,
      issuer: GITHUB,
      build: { source_repository: SOURCE },
    });
    expect(await reading(extension.notCa(), CODE, extension.altNames(email), ISSUER)).toEqual({
      san: "ci@example.com",
      issuer: GITHUB,
      build: {},
    });
  });

  it.each<[string, string, readonly Uint8Array[]]>([
    ["nothing", "not_a_workload", [NAME, ISSUER]],
    ["servers", "not_a_workload", [extension.purposes(OID.serverAuth), NAME, ISSUER]],
    ["a CA", "not_a_workload", [extension.ca(), CODE, NAME, ISSUER]],
    ["nobody", "certificate_malformed", [CODE, ISSUER]],
    ["two URIs", "certificate_malformed", [CODE, extension.altNames(uri, uri), ISSUER]],
    [
      "a URI and an address",
      "certificate_malformed",
      [CODE, extension.altNames(uri, email), ISSUER],
    ],
    [
      "a host",
      "certificate_malformed",
      [CODE, extension.altNames(implicit(2, ascii("github.com"))), ISSUER],
    ],
    ["a signer without an issuer", "claim_missing", [CODE, NAME, fulcio(12, utf8(SOURCE))]],
    ["the issuer in the old form alone", "claim_missing", [CODE, NAME, fulcio(1, ascii(GITHUB))]],
    ["an issuer that is no DER", "certificate_malformed", [CODE, NAME, fulcio(8, ascii("https"))]],
    ["an issuer that is empty", "certificate_malformed", [CODE, NAME, fulcio(8, utf8(""))]],
    [
      "an issuer that is no text",
      "certificate_malformed",
      [CODE, NAME, fulcio(8, octets(ascii(GITHUB)))],
    ],
    [
      "a repository that is no text",
      "certificate_malformed",
      [CODE, NAME, ISSUER, fulcio(12, integer(1))],
    ],
  ])("of a certificate for %s is none: %s", async (_, reason, extensions) => {
    expect(await reading(...extensions)).toBe(reason);
  });
});
