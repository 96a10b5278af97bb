import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { toHex } from "../../../src/encoding/bytes.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import { bits, seq } from "../../../src/encoding/der/writer.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID, readExtensions } from "../../../src/svid/extensions.ts";
import { expectVerdicts } from "../../conformance/tally.ts";

const FILES = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/boringssl-parse_certificate_unittest/**/*.pem",
  { query: "?raw", import: "default", eager: true },
);

/** Judged otherwise than by BoringSSL, by name with the reason. */
const WAIVED: ReadonlyMap<string, string> = new Map([
  // Malformed, and accepted here.
  ["bad_policy_qualifiers.pem", "policies are not evaluated"],
  ["policy_qualifiers_empty_sequence.pem", "policies are not evaluated"],
  ["serial_zero_padded_21_bytes.pem", "the number has 20 octets; AWS's Nitro CAs write such ones"],
  // Well-formed, and refused here.
  ["basic_constraints_pathlen_not_ca.pem", "RFC 5280 §4.2.1.9: a path length is for CAs"],
  ["cert_skeleton.pem", "its fields are placeholders"],
  ["failed_signature_algorithm.pem", "its algorithm is garbled"],
  ["subject_printable_string_containing_utf8_client_cert.pem", "the subject breaks its alphabet"],
  [
    "tbs_v3_extensions_not_sequence.pem",
    "its extensions are an octet, of which BoringSSL's case says nothing yet",
  ],
]);
const MALFORMED_AKI = new Set([
  "extra_contents_after_extension_sequence.pem",
  "extra_contents_after_issuer_and_serial.pem",
  "invalid_contents.pem",
  "invalid_issuer.pem",
  "invalid_key_identifier.pem",
  "invalid_serial.pem",
  "issuer_only.pem",
  "serial_only.pem",
]);

const partsOf = (tbs: Uint8Array = new Uint8Array()): readonly Uint8Array[] => {
  const read = readDer(tbs);
  return read.ok ? read.value.children.map(({ raw }) => raw) : [];
};

/**
 * Most have names, key, algorithm and extensions of one octet, for which any reader refuses them: with those of a real
 * certificate in their place they are refused for what is wrong with them, or not at all.
 * @param model the fields of a TBSCertificate behind its version
 */
function fill(parts: readonly Uint8Array[], model: readonly Uint8Array[]): Uint8Array {
  const versions = parts[0]?.[0] === 0xa0 ? 1 : 0;
  const filled = parts.map((part, index) => {
    if (!/^(?:a305)?30030401..$/.test(toHex(part))) return part;
    return model[part[0] === 0xa3 ? 6 : index - versions] ?? part;
  });
  return seq(...filled);
}

/** One block of the file; the suite's own comments begin with #. */
function block(text: string, label: string): Uint8Array | undefined {
  const found = new RegExp(`^-----BEGIN ${label}-----([^-]*)-----END`, "m").exec(text)?.[1];
  const der = found === undefined ? undefined : decodeBase64(found.replaceAll(/\s/g, ""));
  return der?.ok === true ? der.value : undefined;
}
const accepts = (der: Uint8Array | undefined): boolean =>
  parseCertificate(der ?? new Uint8Array()).ok;

const files = Object.entries(FILES).map(([path, text]) => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  malformed: text.includes("-----BEGIN ERRORS-----"),
  certificate: block(text, "CERTIFICATE"),
  tbs: block(text, "TBS CERTIFICATE"),
  aki: block(text, "AUTHORITY_KEY_IDENTIFIER"),
}));

describe.skipIf(files.length === 0)("BoringSSL's certificates (../shared)", () => {
  const certificates = files.filter(({ certificate }) => certificate !== undefined);
  it("refuses each malformed one, reads each well-formed one", () => {
    expectVerdicts(
      "BoringSSL's certificates",
      certificates.map(({ name, malformed, certificate }) => ({
        id: name,
        good: !malformed,
        accepted: accepts(certificate),
      })),
      WAIVED,
    );
  });

  it("refuses each malformed TBSCertificate, reads each well-formed one, once its placeholders are filled", () => {
    const real = files.find(({ name }) => name === "tbs_v3_real.pem")?.tbs;
    const model = partsOf(real).slice(1);
    const all = files.filter(({ name, tbs }) => tbs !== undefined && name.startsWith("tbs_"));
    expect(all.filter(({ malformed }) => malformed)).toHaveLength(6);
    expectVerdicts(
      "BoringSSL's TBSCertificates",
      all.map(({ name, malformed, tbs }) => {
        const signed = seq(fill(partsOf(tbs), model), model[1]!, bits(new Uint8Array(64)));
        return { id: name, good: !malformed, accepted: accepts(signed) };
      }),
      WAIVED,
    );
  });

  it("judges authority key identifiers", () => {
    const values = files.filter(({ aki }) => aki !== undefined);
    expect(values.length).toBe(13);
    for (const { name, aki = new Uint8Array() } of values) {
      const list = readDer(seq(encodeExtension(OID.authorityKeyId, false, aki)));
      const read = list.ok ? readExtensions(list.value) : "der";
      expect(typeof read === "string", `file ${name}`).toBe(MALFORMED_AKI.has(name));
    }
  });
});
