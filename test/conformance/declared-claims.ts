import { expect } from "vitest";
import type { Claims, ClaimValue, FactorInfo } from "../../src/attestation.ts";

const SPELLINGS = { lower: /^[^A-Z]*$/, hex: /^[0-9a-f]*$/ };

/** What was attested is what policy was told of: by name, kind and spelling. */
export function expectDeclared(claims: Claims, factor: FactorInfo): void {
  const named = Object.entries(claims);
  const declared = named.filter(([claim]) => Object.hasOwn(factor.claims, claim));
  expect(named.length).toBeGreaterThan(0);
  expect(declared.length === named.length || factor.open === true).toBe(true);
  for (const [claim, value] of declared) expect(kindOf(value)).toBe(factor.claims[claim]);
  expect(Object.values(claims)).not.toContain("");
  for (const [claim, spelling] of Object.entries(factor.spelling ?? {})) {
    expect(factor.claims[claim]).toBe("string");
    expect(claims[claim] ?? "").toMatch(SPELLINGS[spelling]);
  }
}

function kindOf(value: ClaimValue): string {
  return typeof value === "object" ? "strings" : typeof value;
}
