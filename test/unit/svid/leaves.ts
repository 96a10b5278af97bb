import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Reason } from "../../../src/reasons.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import { extension, NOW, platform, type Fields, type TestCa } from "./forge.ts";
import { ID, trustDomain } from "./mint.ts";

/** Leaves that are good but for what a test changes. */

export const good = {
  keyUsage: extension.keyUsage([0]),
  purposes: extension.purposes(OID.serverAuth, OID.clientAuth),
  notCa: extension.notCa(),
  uris: extension.uris([ID]),
};
export const leafWith = (
  change: Partial<Record<keyof typeof good, Uint8Array>>,
  more: readonly Uint8Array[] = [],
): Uint8Array[] => [...Object.values({ ...good, ...change }), ...more];

export async function leafOf(
  by: TestCa,
  workload: PrivateKey,
  fields: Fields = {},
): Promise<Uint8Array> {
  return by.issue({ spki: workload.publicKey.spki, extensions: leafWith({}), ...fields });
}

/** @returns undefined where the chain is accepted, else the reason */
export async function chainVerdict(
  chain: readonly Uint8Array[],
  anchors: readonly TestCa[],
  now = NOW,
  domain = trustDomain,
): Promise<Reason | undefined> {
  const certificates = anchors.map(({ certificate }) => certificate);
  const result = await verifyX509Svid(chain, certificates, domain, now, platform);
  return result.ok ? undefined : result.error.reason;
}
