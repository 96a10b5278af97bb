import type { Attestor } from "../../../../src/attestors/attestor.ts";
import { ociInstance } from "../../../../src/attestors/oci/instance.ts";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import { element, oid, printable, seq, utf8 } from "../../../../src/encoding/der/writer.ts";
import type { PrivateKey } from "../../../../src/platform/platform.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { extension, platform, testCa, type Fields, type TestCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { buildClean, NOW, type Surroundings } from "../support.ts";
import { chainOf } from "../x509/pop-support.ts";
import { newKey } from "../../../fakes/private-key.ts";

export const INSTANCE = "ocid1.instance.oc1.phx.anyhqljrexample2";
export const COMPARTMENT = "ocid1.compartment.oc1..aaaaaaaacompartment2";
export const TENANCY = "ocid1.tenancy.oc1..aaaaaaaatenancy2";
export const UNITS = [
  "opc-certtype:instance",
  `opc-instance:${INSTANCE}`,
  `opc-compartment:${COMPARTMENT}`,
  `opc-tenant:${TENANCY}`,
];

/** A subject as Oracle writes it: all units in one relative name, in an order that is not DER's. */
export function subjectOf(units: readonly string[], commonName = INSTANCE): Uint8Array {
  const attribute = (type: string, value: Uint8Array) => seq(oid(type), value);
  const all = units.map((unit) => attribute("2.5.4.11", printable(unit)));
  return seq(
    element(0x31, concatBytes(...all)),
    element(0x31, attribute("2.5.4.3", utf8(commonName))),
  );
}

interface OciMachine {
  readonly key: PrivateKey;
  readonly certificate: Uint8Array;
}

export interface OciBench {
  /** Roots of two regions. */
  readonly phoenix: TestCa;
  readonly frankfurt: TestCa;
  readonly intermediate: TestCa;
  readonly settings: object;
  readonly attestor: Attestor;
  launch(fields?: Fields, by?: TestCa, key?: PrivateKey): Promise<OciMachine>;
  evidenceOf(machine: OciMachine, more?: object): Promise<Record<string, unknown>>;
  /** `accepted`, or why not. */
  outcomeOf(machine: OciMachine, more?: object): Promise<string>;
}

export async function makeBench(around: Surroundings = {}): Promise<OciBench> {
  const phoenix = await testCa("PKISVC Identity Root phx");
  const frankfurt = await testCa("PKISVC Identity Root fra");
  const intermediate = await testCa("PKISVC Identity Intermediate r2", {}, phoenix);
  const settings = {
    tenancies: [TENANCY],
    regions: {
      "us-phoenix-1": dataUrl(chainOf(phoenix.der)),
      "eu-frankfurt-1": dataUrl(chainOf(frankfurt.der)),
    },
  };
  const attestor = await buildClean(ociInstance, settings, around);
  // One key for all machines of a bench: RSA keys take long to make.
  const shared = await newKey(platform, "RSA-2048");
  const evidenceOf = async ({ key, certificate }: OciMachine, more: object = {}) => ({
    type: "oci_instance",
    certificate: chainOf(certificate),
    intermediate: chainOf(intermediate.der),
    proof: "proof" in more ? undefined : await proofFor(key),
    ...more,
  });
  return {
    phoenix,
    frankfurt,
    intermediate,
    settings,
    attestor,
    async launch(fields = {}, by = intermediate, key = shared) {
      const certificate = await by.issue({
        subjectName: subjectOf(UNITS),
        spki: key.publicKey.spki,
        extensions: [extension.keyUsage([0]), extension.purposes(OID.clientAuth)],
        notAfter: NOW + 3600,
        ...fields,
      });
      return { key, certificate };
    },
    evidenceOf,
    outcomeOf: async (machine, more) =>
      outcome(await judge(attestor, await evidenceOf(machine, more), NOW, JKT)),
  };
}
