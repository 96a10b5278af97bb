import { describe, expect, it } from "vitest";
import { formatInstant, parseInstant } from "../../../src/signer/instant.ts";

describe("parseInstant", () => {
  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2026-11-01T00:00:00Z", 1793491200],
    ["2026-11-01t00:00:00z", 1793491200],
    ["2026-11-01T01:00:00+01:00", 1793491200],
    ["2026-10-31T18:30:00-05:30", 1793491200],
    ["2028-02-29T23:59:59Z", 1835481599],
  ])("reads %s", (text, seconds) => {
    expect(parseInstant(text)).toBe(seconds);
  });

  it.each([
    "2026-11-01",
    "2026-11-01T00:00:00",
    "2026-11-01 00:00:00Z",
    "2026-11-01T00:00Z",
    "2026-11-01T00:00:00.5Z",
    "2026-11-01T00:00:60Z",
    "2026-11-01T24:00:00Z",
    "2026-02-30T00:00:00Z",
    "2027-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-11-01T00:00:00+24:00",
    "2026-11-01T00:00:00+01:60",
    "2026-11-01T00:00:00+0100",
    "26-11-01T00:00:00Z",
    " 2026-11-01T00:00:00Z",
    "2026-11-01T00:00:00Z\n",
    "1793491200",
    "",
  ])("refuses %j", (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it("reads what formatInstant writes", () => {
    expect(parseInstant(formatInstant(1793491200))).toBe(1793491200);
    expect(formatInstant(1793491200)).toBe("2026-11-01T00:00:00Z");
  });
});
