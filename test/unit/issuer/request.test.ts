import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseSvidRequest } from "../../../src/issuer/request.ts";

type Json = Readonly<Record<string, unknown>>;
const EVIDENCE = { type: "oidc", token: "a.b.c" };
const usual = { evidence: [EVIDENCE], x509: { csr: "c" } };

function outcome(body: Json): string {
  const parsed = parseSvidRequest(utf8Encode(JSON.stringify(body)));
  return parsed.ok ? "taken" : `${parsed.error.reason} ${parsed.error.detail}`;
}
const times = (count: number): Json[] => Array.from({ length: count }, () => EVIDENCE);
const audience = (list: readonly string[]): Json => ({ jwt: { audience: list } });
const ttl = (ttl_seconds: unknown): Json => ({
  jwt: { audience: ["a"], ttl_seconds },
});

/** A limit, what is just beyond it, and what just keeps it. */
const LIMITS: readonly [name: string, beyond: Json, within: Json][] = [
  ["pieces of evidence", { evidence: times(5) }, { evidence: times(4) }],
  ["no evidence", { evidence: [] }, { evidence: times(1) }],
  ["type", { evidence: [{ type: "t".repeat(65) }] }, { evidence: [{ type: "t".repeat(64) }] }],
  ["no type", { evidence: [{ type: "" }] }, { evidence: [{ type: "t" }] }],
  ["spiffe_id", { spiffe_id: "s".repeat(2049) }, { spiffe_id: "s".repeat(2048) }],
  ["no spiffe_id", { spiffe_id: "" }, { spiffe_id: "s" }],
  ["csr", { x509: { csr: "c".repeat(16_385) } }, { x509: { csr: "c".repeat(16_384) } }],
  ["no csr", { x509: { csr: "" } }, { x509: { csr: "c" } }],
  ["csr of wit", { wit: { csr: "c".repeat(16_385) } }, { wit: { csr: "c".repeat(16_384) } }],
  ["audiences", audience(Array(17).fill("a")), audience(Array(16).fill("a"))],
  ["no audiences", audience([]), audience(["a"])],
  ["audience", audience(["a".repeat(1025)]), audience(["a".repeat(1024)])],
  ["no audience", audience([""]), audience(["a"])],
  ["ttl_seconds", ttl(31_536_001), ttl(31_536_000)],
  ["no ttl_seconds", ttl(0), ttl(1)],
  ["ttl_seconds in parts", ttl(60.5), ttl(60)],
];

describe("the body of POST /v1/svids", () => {
  it.each(LIMITS)("is bounded: %s", (_name, beyond, within) => {
    expect(outcome({ ...usual, ...beyond })).toMatch(/^body_schema /);
    expect(outcome({ ...usual, ...within })).toBe("taken");
  });

  it("asks for one kind at least, whichever", () => {
    const { evidence } = usual;
    expect(outcome({ evidence })).toMatch(/^nothing_requested /);
    for (const kind of [{ x509: { csr: "c" } }, audience(["a"]), { wit: {} }])
      expect(outcome({ evidence, ...kind })).toBe("taken");
  });
});
