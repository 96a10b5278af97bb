import { beforeAll, describe, expect, it } from "vitest";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { ociInstance } from "../../../../src/attestors/oci/instance.ts";
import { ascii, element, oid, seq, set } from "../../../../src/encoding/der/writer.ts";
import { spkiOf } from "../../../../src/encoding/public-key.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { accepted, JKT, judge, outcome, sample } from "../../../conformance/attestor.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { extension, platform, rsaModulus, testCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { build, buildClean, complaints, NOW } from "../support.ts";
import { chainOf } from "../x509/pop-support.ts";
import {
  COMPARTMENT,
  INSTANCE,
  makeBench,
  subjectOf,
  TENANCY,
  UNITS,
  type OciBench,
} from "./instance-support.ts";

let bench: OciBench;
beforeAll(async () => {
  bench = await makeBench();
});

const withUnits = async (units: readonly string[]) =>
  bench.outcomeOf(await bench.launch({ subjectName: subjectOf(units) }));
const replaced = (from: string, to: string) => UNITS.map((unit) => unit.replace(from, to));

describe("an OCI instance certificate", () => {
  it("says which instance it is of, where, and whose", async () => {
    const evidence = await bench.evidenceOf(await bench.launch());
    const attestation = accepted(await judge(bench.attestor, evidence, NOW, JKT));
    expect(attestation).toMatchObject({
      claims: {
        instance: INSTANCE,
        compartment: COMPARTMENT,
        tenancy: TENANCY,
        region: "us-phoenix-1",
        realm: "oc1",
      },
      binding: { kind: "key", jkt: JKT },
      notAfter: NOW + 3600,
    });
    // It proves a place, as other clouds' evidence does: an SVID may outlive it.
    expect(attestation.svidNotAfter).toBeUndefined();
  });

  it("is one claim by instance and tenancy, whatever the certificate", async () => {
    const keyOf = async (notAfter: number, units = UNITS) => {
      const machine = await bench.launch({ notAfter, subjectName: subjectOf(units) });
      const evidence = await bench.evidenceOf(machine);
      return accepted(await judge(bench.attestor, evidence, NOW, JKT)).claimKey;
    };
    const first = await keyOf(NOW + 3600);
    expect(await keyOf(NOW + 7200, UNITS.toReversed())).toBe(first);
    expect(await keyOf(NOW + 3600, replaced("example2", "example3"))).not.toBe(first);
  });

  it.each(UNITS)("has %s, once", async (unit) => {
    expect(await withUnits(UNITS.filter((one) => one !== unit))).toBe("claim_missing");
    expect(await withUnits([...UNITS, unit])).toBe("claim_value");
    expect(await withUnits([...UNITS, `${unit}x`])).toBe("claim_value");
  });

  it.each([
    [replaced("certtype:instance", "certtype:resource"), "not_a_workload"],
    [replaced("ocid1.instance", "ocid1.tenancy"), "claim_value"],
    [replaced("ocid1.tenancy", "ocid1.instance"), "claim_value"],
    [replaced(COMPARTMENT, TENANCY), "accepted"],
    [replaced("tenancy.oc1", "tenancy.oc2"), "claim_value"],
    [replaced("compartment.oc1", "compartment.oc2"), "claim_value"],
    [replaced("instance.oc1", "instance.oc2"), "claim_value"],
    [replaced("instance.oc1.phx", "instance.oc1."), "claim_value"],
    [replaced("ocid1.instance", "ocid2.instance"), "claim_value"],
    [replaced("opc-instance:", "opc-instance: "), "claim_value"],
    [replaced("oc1.phx", "oc1.us-phoenix-1"), "accepted"],
    [replaced("oc1.phx", "oc1.iad"), "region_unknown"],
    [replaced("oc1.phx", "oc1.constructor"), "region_unknown"],
    [[...UNITS, "Something else", "x:y", "x:z"], "accepted"],
  ])("with the units %j: %s", async (units, expected) => {
    expect(await withUnits(units)).toBe(expected);
  });

  it("has no unit of an old string type, whose text is anybody's guess", async () => {
    const unit = set(seq(oid("2.5.4.11"), element(0x14, ascii(`opc-tenant:${TENANCY}`))));
    const machine = await bench.launch({ subjectName: seq(unit) });
    expect(await bench.outcomeOf(machine)).toBe("claim_value");
  });

  it("comes with a proof for the audience of its configuration", async () => {
    const own = await buildClean(ociInstance, { ...bench.settings, audience: "oci:own" });
    const machine = await bench.launch();
    const outcomeFor = async (proof: string) =>
      outcome(await judge(own, await bench.evidenceOf(machine, { proof }), NOW, JKT));
    expect(await outcomeFor(await proofFor(machine.key))).toBe("audience_mismatch");
    const proof = await proofFor(machine.key, boundAudience("oci:own", JKT));
    expect(await outcomeFor(proof)).toBe("accepted");
    expect(await bench.outcomeOf(machine, { proof })).toBe("audience_mismatch");
  });

  it("comes from the root of its own region", async () => {
    const elsewhere = await bench.launch({}, bench.frankfurt);
    const intermediate = chainOf(bench.frankfurt.der);
    expect(await bench.outcomeOf(elsewhere, { intermediate })).toBe("certificate_chain_invalid");
    const there = subjectOf(replaced("oc1.phx", "oc1.fra"));
    const good = await bench.launch({ subjectName: there }, bench.frankfurt);
    expect(await bench.outcomeOf(good, { intermediate })).toBe("accepted");
    const bad = await bench.launch({ subjectName: there });
    expect(await bench.outcomeOf(bad)).toBe("certificate_chain_invalid");
  });

  it("is not believed by an intermediate that the sender made", async () => {
    const twin = await testCa("PKISVC Identity Intermediate r2");
    const machine = await bench.launch({}, twin);
    expect(await bench.outcomeOf(machine)).toBe("certificate_chain_invalid");
    const intermediate = chainOf(twin.der);
    expect(await bench.outcomeOf(machine, { intermediate })).toBe("certificate_chain_invalid");
    const many = chainOf(twin.der, bench.intermediate.der, twin.der, twin.der);
    expect(await bench.outcomeOf(machine, { intermediate: many })).toBe(
      "certificate_chain_invalid",
    );
  });

  it("is for clients, may sign, and is of now", async () => {
    const chain = "certificate_chain_invalid";
    const judged = async (...extensions: readonly Uint8Array[]) =>
      bench.outcomeOf(await bench.launch({ extensions }));
    const sign = extension.keyUsage([0]);
    expect(await judged(extension.purposes(OID.clientAuth))).toBe("accepted");
    expect(await judged(sign)).toBe("accepted");
    expect(await judged(sign, extension.purposes(OID.serverAuth))).toBe(chain);
    expect(await judged(extension.keyUsage([2]), extension.purposes(OID.clientAuth))).toBe(chain);
    expect(await judged(extension.ca(), extension.keyUsage([0, 5]))).toBe(chain);
    expect(await bench.outcomeOf(await bench.launch({ notAfter: NOW - 1 }))).toBe(
      "evidence_expired",
    );
    expect(await bench.outcomeOf(await bench.launch({ notBefore: NOW + 1 }))).toBe(
      "evidence_not_yet_valid",
    );
  });

  it("has an RSA key of 2048 to 4096 bits", async () => {
    const ec = await platform.generateKey("P-256");
    expect(await bench.outcomeOf(await bench.launch({}, undefined, ec))).toBe(
      "algorithm_not_allowed",
    );
    for (const bytes of [128, 513, 1024]) {
      const spki = spkiOf({ type: "RSA", n: rsaModulus(bytes), e: Uint8Array.of(1, 0, 1) });
      expect(await bench.outcomeOf(await bench.launch({ spki }))).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
    }
  });

  it("attests the same after a bit was flipped, or nothing", async () => {
    const { key, certificate } = await bench.launch();
    const proof = await proofFor(key);
    for (const bit of sample(certificate.length * 8, 300)) {
      const flipped = Uint8Array.from(certificate);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const result = await bench.outcomeOf({ key, certificate: flipped }, { proof }); // oxlint-disable-line no-await-in-loop
      expect(result, `bit ${bit}`).not.toBe("accepted");
    }
  });
});

describe("oci_instance in a configuration", () => {
  const settings = { tenancies: [TENANCY], regions: { "us-phoenix-1": "file:phx.pem" } };

  it("names tenancies, and the roots of regions", () => {
    expect(complaints(ociInstance, settings)).toEqual([]);
    expect(complaints(ociInstance, { ...settings, tenancies: [] })).toEqual(["tenancies"]);
    expect(complaints(ociInstance, { ...settings, tenancies: ["acme"] })).toEqual(["tenancies.0"]);
    expect(complaints(ociInstance, { ...settings, regions: {} })).toEqual(["regions"]);
    const url = "https://auth.us-phoenix-1.oraclecloud.com/v1/instancePrincipalRootCACertificates";
    expect(complaints(ociInstance, { ...settings, regions: { phx: url } })).toEqual([
      "regions.phx",
    ]);
    const [factor] = ociInstance.factors(ociInstance.config().parse(settings));
    expect(factor).toMatchObject({
      pins: [{ claim: "tenancy", values: [TENANCY] }],
      bindings: ["key"],
      instanceClaims: ["instance"],
    });
  });

  it("says which region's file is wrong", async () => {
    const regions = {
      "us-phoenix-1": dataUrl("x"),
      "eu-frankfurt-1": dataUrl(chainOf(bench.phoenix.der)),
    };
    const { issues, attestor } = await build(ociInstance, { ...settings, regions });
    expect(issues).toMatchObject([{ path: ["regions", "us-phoenix-1"], severity: "error" }]);
    const evidence = await bench.evidenceOf(await bench.launch());
    expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe("certificate_chain_invalid");
  });
});
