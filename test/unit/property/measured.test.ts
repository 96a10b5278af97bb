import { encode } from "cborg";
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
import { ENCLAVE, registers, TPM } from "../../fakes/nitro-device.ts";
import { NOW } from "../attestors/support.ts";
import { octetwise } from "./mutants.ts";

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
  const good = new Map<string, unknown>([
    ["module_id", ENCLAVE],
    ["digest", "SHA384"],
    ["timestamp", NOW * 1000],
    ["pcrs", registers({ 0: 1, 3: 0x33, 8: 0x88 }, 9)],
    ["certificate", new Uint8Array(9).fill(1)],
    ["cabundle", [new Uint8Array(9).fill(2), new Uint8Array(9).fill(3)]],
    ["public_key", null],
    ["user_data", null],
    ["nonce", new Uint8Array(16)],
  ]);
  const bytes = Uint8Array.from(encode(good));
  const value = fc.oneof(hostile, fc.uint8Array({ maxLength: 50 }), fc.constantFrom(ENCLAVE, TPM));
  const document = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    octetwise(bytes),
    fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, octet]) => bytes.with(at, octet)),
    fc
      .tuple(fc.constantFrom(...good.keys(), "nitrotpm_pcrs"), value)
      .map(([name, one]) => Uint8Array.from(encode(new Map([...good, [name, one]])))),
  );

  it("survives any bytes, and says nothing that is not of its type", () => {
    const count = { read: 0, refused: 0 };
    fc.assert(
      fc.property(document, (input) => {
        const result = readNitroDocument(input);
        count[result.ok ? "read" : "refused"]++;
        if (!result.ok) return;
        const { instanceId, timestamp, measurements, certificate, intermediates } = result.value;
        expect(instanceId).toMatch(/^i-[0-9a-f]{8,17}$/);
        expect(timestamp).toBeGreaterThanOrEqual(0);
        expect(
          Object.values(measurements).filter((hex) => !/^(?!0+$)[0-9a-f]{96}$/.test(hex)),
        ).toEqual([]);
        expect([certificate, ...intermediates].every((der) => der.length > 0)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(count.read).toBeGreaterThan(200);
    expect(count.refused).toBeGreaterThan(800);
  });
});
