import { describe, expect, it } from "vitest";
import { awsNitro } from "../../../../src/attestors/aws/nitro.ts";
import { accepted, judge, outcome, sample } from "../../../conformance/attestor.ts";
import { base64url, fromBase64url } from "../../../fakes/token-issuer.ts";
import { build } from "../support.ts";

/** Documents that AWS signed. They lie beside the project and are never part of it. */
const files = import.meta.glob<string>(
  "../../../../../shared/vectors/{nitro-enclave,nitrotpm}/*.b64",
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);
const here = Object.keys(files).length > 0;
if (!here) console.warn("skipped: genuine evidence is not beside the project");

function documentOf(name: string): string {
  return (files[`../../../../../shared/vectors/${name}.b64`] ?? "").trim();
}

const ROLE =
  "4a9329d69c836267b18abbf9f4a38889124490453419e426818626348d21f989dc930b1562682a9082887454e53425aa";
const OTHER = "ab".repeat(48);
const DEBUG = { pcr3: [ROLE], allow_debug: true };

const CASES = {
  "nitro-enclave/evervault-1-debug-mode": {
    now: Date.parse("2022-10-12T13:50:06Z") / 1000,
    settings: DEBUG,
    claims: {
      kind: "enclave_debug",
      module_id: "i-03ad7cdb817437eeb-enc0183cc7569b3f6e1",
      instance_id: "i-03ad7cdb817437eeb",
      region: "us-east-1",
      pcr3: ROLE,
    },
  },
  "nitro-enclave/evervault-3-ga": {
    now: Date.parse("2023-09-18T15:03:30Z") / 1000,
    settings: DEBUG,
    claims: { kind: "enclave_debug", instance_id: "i-0918f6c55e3b61d89", pcr3: ROLE },
  },
  "nitro-enclave/veracruz-1": {
    now: Date.parse("2022-11-09T22:52:00Z") / 1000,
    settings: { anonymous_enclaves: true },
    claims: {
      kind: "enclave_anonymous",
      instance_id: "i-04fd167167daacf3b",
      region: "eu-west-1",
      pcr0: "22f9e1c949208da55eb01b9b9fc88f87454f77ba133f0d82320b509621c92482152a99d0a12335b97178c02d6f977d01",
    },
  },
  "nitrotpm/live-1": {
    now: Date.parse("2026-08-13T17:36:48Z") / 1000,
    settings: { nitrotpm: true },
    claims: {
      kind: "nitrotpm",
      module_id: "i-000fa553dad58a9f1-tpm0000000000000000",
      instance_id: "i-000fa553dad58a9f1",
      region: "us-west-2",
      pcr4: "3c428daf639a86655cbe8aeff1eeb298f59c6a82d8ea6fdc34c6f3af1d2582f091a25aca4a6f390c32f0f7701952829a",
    },
  },
} as const;

/** One of each device. */
const FLIPPED: ReadonlySet<string> = new Set(["nitro-enclave/veracruz-1", "nitrotpm/live-1"]);

async function judgeWith(name: string, settings: object, now: number, document = documentOf(name)) {
  const { attestor, issues } = await build(awsNitro, settings);
  expect(issues).toEqual([]);
  return judge(attestor, { type: "aws_nitro", document }, now);
}

describe.skipIf(!here).each(Object.entries(CASES))("genuine document %s", (name, one) => {
  const { now, settings } = one;

  it("is believed at its time, bound to nobody's key", async () => {
    const attestation = accepted(await judgeWith(name, settings, now));
    expect(attestation.claims).toMatchObject(one.claims);
    expect(attestation.binding).toEqual({ kind: "none" });
    expect(attestation.notAfter! - attestation.notBefore!).toBe(3600);
    expect(Object.values(attestation.claims)).not.toContain("0".repeat(96));
  });

  it("is refused elsewhere, later and earlier", async () => {
    expect(outcome(await judgeWith(name, { pcr3: [OTHER], allow_debug: true }, now))).toBe(
      "tenant_not_configured",
    );
    expect(outcome(await judgeWith(name, settings, now + 3662))).toBe("evidence_expired");
    expect(outcome(await judgeWith(name, settings, now - 62))).toBe("evidence_not_yet_valid");
    const old = { ...settings, max_lifetime: "3h" };
    expect(outcome(await judgeWith(name, old, now + 10_810))).toBe("certificate_chain_invalid");
  });

  it("is of a kind that must be configured", async () => {
    const { kind } = one.claims;
    const others = Object.values(CASES).filter(({ claims }) => claims.kind !== kind);
    for (const other of others) {
      const reason = kind === "enclave_debug" ? "debug_mode" : "tenant_not_configured";
      expect(outcome(await judgeWith(name, other.settings, now))).toBe(reason); // oxlint-disable-line no-await-in-loop
    }
    expect(outcome(await judgeWith(name, { pcr3: [ROLE] }, now))).toBe(
      kind === "enclave_debug" ? "debug_mode" : "tenant_not_configured",
    );
  });

  it.runIf(FLIPPED.has(name))("attests nothing with any bit of it flipped", async () => {
    const { attestor } = await build(awsNitro, settings);
    const bytes = fromBase64url(documentOf(name).replaceAll("=", ""));
    const genuine = accepted(await judgeWith(name, settings, now));
    const wrong: unknown[] = [];
    for (const at of sample(bytes.length * 8, 150)) {
      const flipped = bytes.slice();
      flipped[at >> 3] = flipped[at >> 3]! ^ (1 << (at & 7));
      const padded = base64url(flipped).replaceAll("-", "+").replaceAll("_", "/");
      const document = padded + "=".repeat((4 - (padded.length % 4)) % 4);
      // oxlint-disable-next-line no-await-in-loop -- one after the other keeps memory flat
      const result = await judge(attestor, { type: "aws_nitro", document }, now);
      if (result.ok) wrong.push(at);
    }
    expect(genuine.type).toBe("aws_nitro");
    expect(wrong).toEqual([]);
  });
});
