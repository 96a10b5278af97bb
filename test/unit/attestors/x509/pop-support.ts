import type { Attestor } from "../../../../src/attestors/attestor.ts";
import { x509Pop } from "../../../../src/attestors/x509/pop.ts";
import { ascii, implicit } from "../../../../src/encoding/der/writer.ts";
import type { PrivateKey } from "../../../../src/platform/platform.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { pem } from "../../../fakes/keys.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { extension, platform, testCa, type Fields, type TestCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { buildClean, NOW, type Surroundings } from "../support.ts";

export const LEAF_EXTENSIONS: readonly [Uint8Array, Uint8Array, Uint8Array] = [
  extension.keyUsage([0]),
  extension.purposes(OID.clientAuth),
  extension.altNames(implicit(2, ascii("m1.example"))),
];

/** A certificate's holder. */
export interface Holder {
  readonly key: PrivateKey;
  readonly certificate: Uint8Array;
}

export async function issueLeaf(
  ca: TestCa,
  fields: Fields = {},
  key?: PrivateKey,
): Promise<Holder> {
  const own = key ?? (await platform.generateKey("P-256"));
  const all = { subject: "m1", spki: own.publicKey.spki, extensions: LEAF_EXTENSIONS, ...fields };
  return { key: own, certificate: await ca.issue(all) };
}

export function chainOf(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => pem("CERTIFICATE", der)).join("");
}

export interface PopBench {
  readonly root: TestCa;
  readonly intermediate: TestCa;
  readonly attestor: Attestor;
  /** How a holder's evidence is judged: `accepted`, or why not. @param more over its members */
  outcomeOf(holder: Holder, more?: object, now?: number): Promise<string>;
}

/** One entry, `fleet`, that believes a root of its own. */
export async function makeBench(around: Surroundings = {}): Promise<PopBench> {
  const root = await testCa("Fleet Root");
  const intermediate = await testCa("Fleet Issuing CA", {}, root);
  const settings = { fleet: { ca: dataUrl(chainOf(root.der)) } };
  const attestor = await buildClean(x509Pop, settings, around);
  return {
    root,
    intermediate,
    attestor,
    async outcomeOf({ key, certificate }, more = {}, now = NOW) {
      const evidence = {
        type: "x509_pop",
        certificate_chain: chainOf(certificate, intermediate.der),
        proof: "proof" in more ? undefined : await proofFor(key, undefined, now),
        ...more,
      };
      return outcome(await judge(attestor, evidence, now, JKT));
    },
  };
}
