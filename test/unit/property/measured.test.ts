import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { azureMaa } from "../../../src/attestors/azure/maa.ts";
import { readMaaToken } from "../../../src/attestors/azure/maa-claims.ts";
import { boundAudience } from "../../../src/attestors/binding.ts";
import { readNitroDocument } from "../../../src/attestors/aws/nitro-document.ts";
import { gcpConfidentialSpace } from "../../../src/attestors/gcp/confidential-space.ts";
import { readConfidentialToken } from "../../../src/attestors/gcp/confidential-claims.ts";
import type { ClaimKind, Claims } from "../../../src/attestation.ts";
import type { JsonObject } from "../../../src/encoding/json.ts";
import { JKT } from "../../conformance/attestor.ts";
import { maaClaims, PROVIDER } from "../../fakes/azure-attestation.ts";
import { spaceClaims } from "../../fakes/confidential-space.ts";
import { NOW } from "../attestors/support.ts";

/** Whatever the members of a document are: no reader throws, and none gives a claim that it did not declare. */

type Path = readonly (string | number)[];

/** Every place in a value. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, one]) => places(one, [...path, name]))];
}

function put(value: unknown, [first, ...rest]: Path, other: unknown): unknown {
  if (first === undefined) return other;
  const one: Record<string, unknown> = Array.isArray(value) ? [...value] : { ...Object(value) };
  one[first] = put(one[first], rest, other);
  return one;
}

function wellTyped(claims: Claims, kinds: Readonly<Record<string, ClaimKind>>): boolean {
  return Object.entries(claims).every(([name, value]) => {
    if (kinds[name] === "strings") return Array.isArray(value) && !value.includes("");
    return value !== "" && typeof value === kinds[name];
  });
}

const hostile = fc.oneof(
  fc.constantFrom("", "__proto__", 0, -1, 1e300, true, null, [], [[]], {}, [""], [null]),
  fc.jsonValue({ maxDepth: 2 }),
);

const S = boundAudience("https://id.prod.example", JKT);
const space = gcpConfidentialSpace.factors({ projects: ["payments-prod"] })[0]!;
const maa = azureMaa.factors({ private_providers: [PROVIDER] })[0]!;
const believed = {
  projects: new Set(["payments-prod"]),
  serviceAccounts: new Set<string>(),
  support: "STABLE",
  debug: true,
};
const readers = [
  [
    "gcp_confidential_space",
    spaceClaims(NOW, S),
    space,
    (token: JsonObject) => readConfidentialToken(token, believed),
  ],
  ["azure_maa", maaClaims(NOW, S), maa, readMaaToken],
] as const;

describe.each(readers)("the reader of %s", (_, good, factor, read) => {
  it("survives any value in any place", () => {
    fc.assert(
      fc.property(fc.constantFrom(...places(good)), hostile, (path, value) => {
        const token: JsonObject = Object(put(good, path, value));
        const result = read(token);
        expect(result.ok ? wellTyped(result.value, factor.claims) : true).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });
});

describe("the reader of Nitro documents", () => {
  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readNitroDocument(bytes).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
