import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeBase64,
  decodeBase64url,
  encodeBase64,
  encodeBase64url,
} from "../../../src/encoding/base64.ts";
import { parseBundle } from "../../../src/encoding/bundle.ts";
import { fromHex, toHex, utf8Decode, utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseSignedData } from "../../../src/encoding/cms.ts";
import { parseCsr } from "../../../src/encoding/csr.ts";
import { ecdsaDerToRaw, ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import { isIssuerUrl } from "../../../src/encoding/issuer-url.ts";
import { parseJson } from "../../../src/encoding/json.ts";
import { parseCompactJws, parseJws } from "../../../src/encoding/jws.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { isPathSegment, parseSpiffeId, spiffeIdOf } from "../../../src/spiffe/spiffe-id.ts";

const bytes = fc.uint8Array({ maxLength: 300 });
/** Bytes that look like DER, so that more than the first octet of a parser is tried. */
const likeDer = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x30, 0x31, 0x80, 0xa0, 0x02, 0x03, 0x04, 0x24, 0x06, 0x05, 0x00, 0x81, 0x82),
      fc.nat(255),
    ),
    { maxLength: 200 },
  )
  .map((octets) => Uint8Array.from(octets));
const anyBytes = fc.oneof(bytes, likeDer);
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 100 }),
);

const CURVES = ["P-256", "P-384", "P-521"] as const;
const byteDecoders: readonly ((input: Uint8Array) => unknown)[] = [
  (input) => parseSignedData(input),
  (input) => parseSignedData(input, { ber: true }),
  parseCsr,
  parseSpki,
  (input) => parseJson(input),
  parseBundle,
  utf8Decode,
  ...CURVES.map((curve) => (input: Uint8Array) => ecdsaDerToRaw(input, curve)),
];
const textDecoders: readonly ((input: string) => unknown)[] = [
  (input) => decodeBase64(input),
  (input) => decodeBase64(input, { lineBreaks: true }),
  decodeBase64url,
  (input) => decodePem(input, "CERTIFICATE"),
  (input) => decodePem(`-----BEGIN X-----\n${input}\n-----END X-----`, "X"),
  (input) => parseJws(input),
  (input) => parseCompactJws(`${encodeBase64url(utf8Encode(input))}.${input}.${input}`),
  (input) => parseJson(input),
  parseBundle,
  fromHex,
  parseSpiffeId,
  (input) => parseSpiffeId(`spiffe://${input}`),
  (input) => isIssuerUrl(`https://${input}`, { loopbackHttp: true }),
];

// What is behind the first length or mark of each is tried in near-misses.test.ts.
describe("decoders never throw", () => {
  it("on any bytes", () => {
    fc.assert(
      fc.property(anyBytes, (input) => {
        const answers = byteDecoders.map((decoder) => decoder(input));
        expect(answers).toHaveLength(byteDecoders.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("on any text", () => {
    fc.assert(
      fc.property(anyText, (input) => {
        const answers = textDecoders.map((decoder) => decoder(input));
        expect(answers).toHaveLength(textDecoders.length);
      }),
      { numRuns: 2000 },
    );
  });
});

function nonZero(size: number): fc.Arbitrary<Uint8Array> {
  return fc
    .uint8Array({ minLength: size, maxLength: size })
    .filter((octets) => octets.some(Boolean));
}

describe("one value has one spelling", () => {
  it("in base64 and base64url", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        expect(decodeBase64(encodeBase64(input))).toEqual({ ok: true, value: input });
        expect(decodeBase64url(encodeBase64url(input))).toEqual({ ok: true, value: input });
      }),
    );
    fc.assert(
      fc.property(fc.base64String({ maxLength: 40 }), fc.nat(), fc.nat(255), (text, at, code) => {
        // One character replaced by any other: what still decodes must be written just so.
        const position = at % (text.length + 1);
        const changed =
          text.slice(0, position) + String.fromCharCode(code) + text.slice(position + 1);
        const standard = decodeBase64(changed);
        expect(standard.ok ? encodeBase64(standard.value) : changed).toBe(changed);
        const url = decodeBase64url(changed);
        expect(url.ok ? encodeBase64url(url.value) : changed).toBe(changed);
      }),
      { numRuns: 2000 },
    );
  });

  it("in a token: what still parses after a change is spelt as its parts would be", () => {
    const token = [
      utf8Encode('{"alg":"ES256","kid":"k"}'),
      utf8Encode('{"sub":"workload"}'),
      new Uint8Array(64).fill(0x5a),
    ]
      .map(encodeBase64url)
      .join(".");
    const code = fc.oneof(fc.constantFrom(0x2e, 0x3d, 0x20, 0x0a, 0x2b, 0x41), fc.nat(0x17f));
    fc.assert(
      fc.property(fc.nat(token.length), fc.nat(2), code, (at, removed, inserted) => {
        const changed =
          token.slice(0, at) + String.fromCharCode(inserted) + token.slice(at + removed);
        const jws = parseCompactJws(changed);
        const parts = jws.ok ? [jws.value.payload, jws.value.signature].map(encodeBase64url) : [];
        const signed = jws.ok ? utf8Decode(jws.value.signingInput) : undefined;
        expect(jws.ok ? `${signed}.${parts[1]}` : changed).toBe(changed);
        expect(jws.ok ? signed?.split(".")[1] : parts[0]).toBe(parts[0]);
      }),
      { numRuns: 2000 },
    );
  });

  it("in hexadecimal, but for case", () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(fromHex(toHex(input))).toEqual(input);
        expect(fromHex(toHex(input).toUpperCase())).toEqual(input);
      }),
    );
  });

  it("in PEM of our own", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
        (ders) => {
          const text = ders.map((der) => encodePem("CERTIFICATE", der)).join("");
          expect(decodePem(text, "CERTIFICATE")).toEqual({ ok: true, value: ders });
        },
      ),
    );
  });

  it("in DER of a signature", () => {
    for (const [curve, size] of [
      ["P-256", 32],
      ["P-384", 48],
      ["P-521", 66],
    ] as const)
      fc.assert(
        fc.property(nonZero(size), nonZero(size), (r, s) => {
          const raw = Uint8Array.from([...r, ...s]);
          const der = ecdsaRawToDer(raw);
          expect(ecdsaDerToRaw(der, curve)).toEqual({ ok: true, value: raw });
        }),
      );
  });

  it("in DER of a signature, after any change", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.nat(80),
        fc.nat(255),
        (raw, at, octet) => {
          const der = ecdsaRawToDer(raw);
          der[at % der.length] = octet;
          const back = ecdsaDerToRaw(der, "P-256");
          expect(back.ok ? ecdsaRawToDer(back.value) : der).toEqual(der);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("SPIFFE IDs", () => {
  const pattern = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/(?!\.{1,2}(?:\/|$))[a-zA-Z0-9._-]+)*)$/;
  const nearly = fc
    .array(fc.constantFrom("/", ".", "..", "a", "Z", "0", "-", "_", "%2e", "\n", ":", "é", "@"), {
      maxLength: 12,
    })
    .map((parts) => `spiffe://${parts.join("")}`);

  it("are judged as the grammar says", () => {
    fc.assert(
      fc.property(fc.oneof(nearly, anyText), (text) => {
        const parsed = parseSpiffeId(text);
        const match = pattern.exec(text);
        expect(parsed.ok && { ...parsed.value }).toEqual(
          match !== null && { trustDomain: match[1], path: match[2], uri: text },
        );
        expect(!parsed.ok || spiffeIdOf(parsed.value.trustDomain, parsed.value.path).ok).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it("are made of segments one by one: no two lists give one ID", () => {
    const segment = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const made = parseSpiffeId(`spiffe://td/${segments.join("/")}`);
        const parts = made.ok ? made.value.path.slice(1).split("/") : undefined;
        // A slash in a value makes two segments of it: the values must be judged one by one.
        fc.pre(!segments.some((text) => text.includes("/")));
        expect(parts).toEqual(segments.every(isPathSegment) ? segments : undefined);
      }),
      { numRuns: 2000 },
    );
  });
});
