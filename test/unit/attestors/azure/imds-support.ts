import { azureImds } from "../../../../src/attestors/azure/imds.ts";
import type { Attestor } from "../../../../src/attestors/attestor.ts";
import { toHex } from "../../../../src/encoding/bytes.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import {
  documentText,
  signDocument,
  simulateAttestation,
  type AttestedOptions,
  type AttestedSigner,
  type DocumentEnvelope,
  type SimulatedAttestation,
} from "../../../fakes/azure-attested.ts";
import { sha256 } from "../../../fakes/cms-signer.ts";
import { base64 } from "../../../fakes/keys.ts";
import { dataUrl, utf8 } from "../../../fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW, type Surroundings } from "../support.ts";

export const SUBSCRIPTION = "ba45b233-e2ef-4169-8808-49eb0d8eba0d";
export const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
export const VM = "5d06deb3-807b-46dd-aef5-78aaf9193f71";
export const DOCUMENT: AttestedOptions = { subscription: SUBSCRIPTION, vmId: VM, now: NOW };

/** What a client asks the metadata service with, for its key. */
export async function nonceFor(jkt: string, base = ISSUER): Promise<string> {
  return toHex((await sha256(utf8(`${base}/jkt/${jkt}`))).subarray(0, 16));
}

/** A section that believes a simulated cloud beside Azure. */
export function settingsFor(cloud: SimulatedAttestation, more: object = {}): object {
  return {
    subscriptions: { [SUBSCRIPTION]: TENANT },
    roots: dataUrl(cloud.roots),
    intermediates: dataUrl(cloud.intermediates),
    ...more,
  };
}

export interface Bench {
  readonly cloud: SimulatedAttestation;
  readonly attestor: Attestor;
  /** How documents of this envelope are judged: `accepted`, or why not. */
  outcomeOf(signer: AttestedSigner, envelope?: DocumentEnvelope, now?: number): Promise<string>;
  /** The same of a document with other text, in a genuine envelope. */
  outcomeOfText(text: string, jkt?: string, now?: number): Promise<string>;
}

export async function makeBench(more: object = {}, around: Surroundings = {}): Promise<Bench> {
  const cloud = await simulateAttestation(NOW);
  const attestor = await buildClean(azureImds, settingsFor(cloud, more), around);
  const outcomeOfCms = async (cms: Uint8Array, now: number, jkt?: string) =>
    outcome(await judge(attestor, { type: "azure_imds", signature: base64(cms) }, now, jkt));
  return {
    cloud,
    attestor,
    outcomeOf: async (signer, envelope, now = NOW) =>
      outcomeOfCms(await signDocument(signer, documentText(DOCUMENT), envelope), now, JKT),
    outcomeOfText: async (text, jkt, now = NOW) =>
      outcomeOfCms(await signDocument(cloud.signer, text), now, jkt),
  };
}
