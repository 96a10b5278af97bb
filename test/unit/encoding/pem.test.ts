import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";

const DER = utf8Encode(
  "a certificate of no more than three lines, which is enough to wrap it twice!!",
);
const PEM = encodePem("CERTIFICATE", DER);
const SECOND = encodePem("CERTIFICATE", Uint8Array.of(1, 2, 3));

describe("encodePem", () => {
  it("wraps at 64 characters", () => {
    const lines = PEM.split("\n");
    expect(lines[0]).toBe("-----BEGIN CERTIFICATE-----");
    expect(lines[1]).toHaveLength(64);
    expect(lines.at(-2)).toBe("-----END CERTIFICATE-----");
    expect(lines.at(-1)).toBe("");
  });
});

describe("decodePem", () => {
  it.each([
    ["as written", PEM],
    ["with CR LF", PEM.replaceAll("\n", "\r\n")],
    ["with white space around", `\n \t${PEM}\n\n`],
    ["without the last line break", PEM.trimEnd()],
    ["with empty lines within", PEM.replace("\n", "\n\n")],
    ["in one long line", PEM.replaceAll(/([^-])\n([^-])/g, "$1$2")],
  ])("takes a block %s", (_, text) => {
    expect(decodePem(text, "CERTIFICATE")).toEqual({ ok: true, value: [DER] });
  });

  it("takes blocks in their order", () => {
    expect(decodePem(PEM + SECOND, "CERTIFICATE")).toEqual({
      ok: true,
      value: [DER, Uint8Array.of(1, 2, 3)],
    });
    expect(decodePem(`${PEM}\n\n${SECOND}`, "CERTIFICATE").ok).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["white space alone", " \n"],
    ["another label", PEM.replaceAll("CERTIFICATE", "PUBLIC KEY")],
    ["a label in lower case", PEM.replaceAll("CERTIFICATE", "certificate")],
    ["another label at the beginning", PEM.replace("BEGIN CERTIFICATE", "BEGIN ATTRIBUTES!")],
    ["another label at the end", PEM.replace("END CERTIFICATE", "END X509 CRL")],
    ["text before", `subject=CN\n${PEM}`],
    ["text after", `${PEM}subject=CN`],
    ["text between", `${PEM}# the next\n${SECOND}`],
    ["no line break between blocks", PEM.trimEnd() + SECOND],
    ["a header", PEM.replace("\n", "\nProc-Type: 4,ENCRYPTED\n\n")],
    ["no end", PEM.replace(/-----END[^]*/, "")],
    ["no beginning", PEM.replace(/-----BEGIN[^\n]*\n/, "")],
    ["two beginnings", `-----BEGIN CERTIFICATE-----\n${PEM}`],
    ["an empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"],
    ["no line break after the beginning", PEM.replace("-----\n", "-----")],
    ["no line break before the end", PEM.replace("\n-----END", "-----END")],
    ["four hyphens", PEM.replace("-----BEGIN", "----BEGIN")],
    ["spaces within", PEM.replace(/\n(\w{4})/, "\n$1 ")],
    ["a space at the end of a line", PEM.replace("-----\n", "----- \n")],
    ["base64url", PEM.replace(/\n\w/, "\n_")],
    ["padding missing", PEM.replaceAll("=", "")],
    ["a NUL", PEM.replace("\n", "\n\u0000")],
  ])("refuses %s", (_, text) => {
    expect(decodePem(text, "CERTIFICATE")).toMatchObject({
      ok: false,
      error: { reason: "encoding_invalid" },
    });
  });

  it("takes 16 blocks and not one more, or as many as told", () => {
    expect(decodePem(SECOND.repeat(16), "CERTIFICATE").ok).toBe(true);
    expect(decodePem(SECOND.repeat(17), "CERTIFICATE").ok).toBe(false);
    expect(decodePem(SECOND.repeat(2), "CERTIFICATE", { max: 1 }).ok).toBe(false);
  });
});
