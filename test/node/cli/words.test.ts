import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/cli/errors.ts";
import { parseEvidence } from "../../../src/cli/evidence-input.ts";
import { describeInput } from "../../../src/cli/inspect/detect.ts";
import { printable } from "../../../src/cli/output.ts";
import { CODE_HELP, REASON_HELP } from "../../../src/cli/reason-help.ts";
import { formatDuration, formatTime, parseTime } from "../../../src/cli/time.ts";
import { REASONS } from "../../../src/reasons.ts";

describe("a time on the command line", () => {
  it.each([
    ["1795316146", 1_795_316_146],
    ["0", 0],
    ["2026-11-22T02:55:46Z", 1_795_316_146],
    ["2026-11-22t02:55:46.999z", 1_795_316_146],
    ["2026-11-22T03:55:46+01:00", 1_795_316_146],
    ["2024-02-29T00:00:00-00:00", 1_709_164_800],
    // RFC 3339 §5.8: leap seconds, which Unix time gives the number of the second after.
    ["1990-12-31T23:59:60Z", 662_688_000],
    ["1990-12-31T15:59:60.5-08:00", 662_688_000],
    ["2015-07-01T08:59:60+09:00", 1_435_708_800],
  ])("%s is %i", (text, seconds) => {
    expect(parseTime(text)).toBe(seconds);
  });

  it.each([
    "",
    " ",
    "now",
    "-1",
    "1e9",
    "1.5",
    "0x10",
    "123456789012",
    "2026-11-22",
    "2026-11-22T02:55:46",
    "2026-11-22 02:55:46Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T23:60:00Z",
    "2026-11-22T23:59:60Z",
    "2026-12-31T23:59:61Z",
    "2026-12-31T23:58:60Z",
    "2026-12-31T23:59:60+01:00",
    "2026-11-31T23:59:60Z",
    "2026-11-22T02:55Z",
    "2026-11-22T02:55:46+25:00",
    "2026-11-22T02:55:46Z\n",
    "٢٠٢٦-١١-٢٢T02:55:46Z",
  ])("%j is none", (text) => {
    expect(() => parseTime(text)).toThrow(UsageError);
  });

  it("is printed as it is read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseTime(formatTime(seconds))).toBe(seconds);
      }),
    );
    expect([90_061, 3600, 59, 0, -60].map(formatDuration)).toEqual([
      "1 d 1 h",
      "1 h",
      "59 s",
      "0 s",
      "1 min",
    ]);
  });
});

describe("what strangers hand in", () => {
  it("is never printed as anything but visible ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  it("never makes a fault, whatever its bytes", async () => {
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .constantFrom("CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY", "PRIVATE KEY", "X")
        .chain((label) =>
          fc
            .base64String({ maxLength: 200 })
            .map((body) =>
              new TextEncoder().encode(
                `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`,
              ),
            ),
        ),
      fc
        .array(fc.base64String({ maxLength: 60 }), { minLength: 3, maxLength: 3 })
        .map((parts) => new TextEncoder().encode(parts.join("."))),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (bytes) => {
        expect(typeof (await describeInput(bytes)).ok).toBe("boolean");
        expect(typeof parseEvidence(bytes).ok).toBe("boolean");
      }),
      { numRuns: 500 },
    );
  });
});

describe("the help for reasons", () => {
  it("says of every reason and code what it means and what mends it, in a line without a full stop", () => {
    for (const reason of Object.keys(REASONS)) expect(REASON_HELP).toHaveProperty(reason);
    expect(Object.keys(REASON_HELP).toSorted()).toEqual(Object.keys(REASONS).toSorted());
    expect(Object.keys(CODE_HELP).toSorted()).toEqual(
      [...new Set(Object.values(REASONS))].toSorted(),
    );
    for (const { means, fix } of Object.values(REASON_HELP)) {
      for (const text of [means, fix]) {
        expect(text).toMatch(/^\S[\x20-\x7e…]{10,300}[^.\s]$/);
      }
    }
  });
});
