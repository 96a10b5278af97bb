import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/encoding/bytes.ts";
import { ecdsaDerToRaw, ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import type { CurveName } from "../../../src/encoding/primitives.ts";

function convert(hex: string, curve: CurveName = "P-256") {
  return ecdsaDerToRaw(fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array(), curve);
}

/** An INTEGER of so many octets. */
function positive(length: number): string {
  return `02 ${length.toString(16)} ${"01".repeat(length)}`;
}

describe("ecdsaDerToRaw", () => {
  it("pads each half to the length of the order", () => {
    const raw = convert("30 06 02 01 01 02 01 02");
    expect(raw.ok && toHex(raw.value)).toBe(`${"00".repeat(31)}01${"00".repeat(31)}02`);
  });

  it("takes the sign octet off", () => {
    const raw = convert(`30 26 02 21 00 ${"ff".repeat(32)} 02 01 01`);
    expect(raw.ok && toHex(raw.value)).toBe(`${"ff".repeat(32)}${"00".repeat(31)}01`);
  });

  it("takes the long length that P-521 needs", () => {
    const half = `02 42 01${"ff".repeat(65)}`;
    expect(convert(`30 81 88 ${half} ${half}`, "P-521").ok).toBe(true);
    expect(convert(`30 81 88 ${half} ${half}`, "P-384").ok).toBe(false);
  });

  it.each([
    ["30 7f", 61],
    ["30 81 80", 62],
  ])("reads and writes %s at the border of short and long lengths", (head, length) => {
    const der = `${head} ${positive(length)} ${positive(62)}`;
    const raw = convert(der, "P-521");
    expect(raw.ok && toHex(ecdsaRawToDer(raw.value))).toBe(der.replaceAll(" ", ""));
  });

  it.each([
    ["a long length of 127", `30 81 7f ${positive(61)} ${positive(62)}`],
    ["128 as a short length", `30 80 ${positive(62)} ${positive(62)}`],
    ["136 as a short length", `30 88 ${positive(66)} ${positive(66)}`],
    ["two octets for 136", `30 82 00 88 ${positive(66)} ${positive(66)}`],
  ])("refuses for P-521 %s", (_, hex) => {
    expect(convert(hex, "P-521")).toMatchObject({
      ok: false,
      error: { reason: "signature_invalid" },
    });
  });

  it.each([
    ["nothing", ""],
    ["a SEQUENCE alone", "30 00"],
    ["one INTEGER", "30 03 02 01 01"],
    ["three INTEGERs", "30 09 02 01 01 02 01 01 02 01 01"],
    ["bytes after", "30 06 02 01 01 02 01 01 00"],
    ["bytes after within", "30 07 02 01 01 02 01 01 00"],
    ["a SET", "31 06 02 01 01 02 01 01"],
    ["an indefinite length", "30 80 02 01 01 02 01 01 00 00"],
    ["a long length that is short", "30 81 06 02 01 01 02 01 01"],
    ["a length of two octets", "30 82 00 06 02 01 01 02 01 01"],
    ["a long length of an INTEGER", "30 07 02 81 01 01 02 01 01"],
    ["r = 0", "30 06 02 01 00 02 01 01"],
    ["s = 0", "30 06 02 01 01 02 01 00"],
    ["an empty r", "30 05 02 00 02 01 01"],
    ["an empty s", "30 05 02 01 01 02 00"],
    ["a negative r", "30 06 02 01 80 02 01 01"],
    ["a negative s", "30 06 02 01 01 02 01 ff"],
    ["a padded r", "30 07 02 02 00 01 02 01 01"],
    ["a padded s", "30 07 02 01 01 02 02 00 7f"],
    ["an r that is too long", `30 27 02 22 01 ${"00".repeat(33)} 02 01 01`],
    ["an r of 33 octets", `30 26 02 21 01 ${"00".repeat(32)} 02 01 01`],
    ["an OCTET STRING for r", "30 06 04 01 01 02 01 01"],
    ["a length of r beyond the end", "30 06 02 7f 01 02 01 01"],
    ["a length of s beyond the end", "30 06 02 01 01 02 02 01"],
  ])("refuses %s", (_, hex) => {
    expect(convert(hex)).toMatchObject({ ok: false, error: { reason: "signature_invalid" } });
  });
});

interface Suite {
  readonly testGroups: readonly {
    readonly tests: readonly {
      readonly tcId: number;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/wycheproof/ecdsa_*_test.json",
  { query: "?raw", import: "default", eager: true },
);
const CURVES: readonly (readonly [string, CurveName])[] = [
  ["secp256r1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
];

describe.skipIf(Object.keys(files).length === 0)("Wycheproof", () => {
  // Whether a signature verifies is the platform's suite; here: one DER for one raw form, and back.
  const suites = Object.entries(files).map(([path, text]) => {
    const suite: Suite = JSON.parse(text);
    const curve = CURVES.find(([name]) => path.includes(name))?.[1] ?? "P-256";
    const tests = suite.testGroups.flatMap((group) => group.tests);
    return [path.slice(path.lastIndexOf("/") + 1), curve, tests] as const;
  });

  it.each(suites.filter(([name]) => !name.includes("p1363")))(
    "every DER it takes is the only one: %s",
    (_, curve, tests) => {
      const wrong = tests.filter(({ sig, result }) => {
        const raw = convert(sig, curve);
        return raw.ok ? toHex(ecdsaRawToDer(raw.value)) !== sig : result === "valid";
      });
      expect(wrong.map(({ tcId }) => tcId)).toEqual([]);
      expect(tests.length).toBeGreaterThan(480);
    },
  );

  it.each(suites.filter(([name]) => name.includes("p1363")))(
    "every raw form comes back: %s",
    (_, curve, tests) => {
      const wrong = tests.filter(({ sig, result }) => {
        const back = ecdsaDerToRaw(ecdsaRawToDer(fromHex(sig) ?? new Uint8Array()), curve);
        return result === "valid" && !(back.ok && toHex(back.value) === sig);
      });
      expect(wrong.map(({ tcId }) => tcId)).toEqual([]);
    },
  );
});
