import { awsNitro } from "../../../../src/attestors/aws/nitro.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import type { Attestation } from "../../../../src/attestation.ts";
import type { Result } from "../../../../src/result.ts";
import { JKT, judge } from "../../../conformance/attestor.ts";
import { dataUrl, utf8 } from "../../../fakes/token-issuer.ts";
import {
  registerHex,
  simulateNitro,
  TPM,
  type SimulatedDevice,
  type SimulatedNitro,
} from "../../../fakes/nitro-device.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";

export const nitro: SimulatedNitro = await simulateNitro(NOW);
export const root = dataUrl(nitro.root);
export const settings = { pcr3: [registerHex(0x33)], pcr8: [registerHex(0x88)], root };
export const enclave: SimulatedDevice = await nitro.device(NOW);
export const tpm: SimulatedDevice = await nitro.device(NOW, { moduleId: TPM });
const attestor = await buildClean(awsNitro, settings);
export const everything = await buildClean(awsNitro, {
  ...settings,
  nitrotpm: true,
  anonymous_enclaves: true,
  allow_debug: true,
});

/** A nonce that names the key whose possession counts as proved. */
export const NONCE = utf8(boundAudience(ISSUER, JKT));

export function judgeDocument(
  document: string,
  by = attestor,
  now = NOW,
): Promise<Result<Attestation>> {
  return judge(by, { type: "aws_nitro", document }, now, JKT);
}

/** @param members of the payload over those of a good enclave */
export async function judgeMembers(
  members: Readonly<Record<string, unknown>>,
  by = attestor,
): Promise<Result<Attestation>> {
  return judgeDocument(await enclave.sign(enclave.payload({ nonce: NONCE, ...members })), by);
}
