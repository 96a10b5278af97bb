import { ok } from "../../../src/result.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import type { Platform, PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm, type SvidUse } from "../../../src/signer/algorithms.ts";
import type { IntermediateLog, SigningAuthority } from "../../../src/signer/authority.ts";
import type { KeyHandle } from "../../../src/signer/backend.ts";
import { openDelegated } from "../../../src/signer/delegated.ts";
import { localSigner } from "../../../src/signer/local.ts";
import type { ModeDeps, ModeKey, ModeSettings } from "../../../src/signer/mode.ts";
import { SignerError, signerFailure, type Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import type { TrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { parseCertificate, type Certificate } from "../../../src/svid/certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber, x509Issuer } from "../../../src/svid/x509-svid.ts";
import { readReference } from "../../../src/runtimes/references.ts";
import { trustDomain } from "../svid/mint.ts";

/** Modes by themselves: a key whose service belongs to the test, a clock, and all that is written down. */

export const T = 1_800_000_000;
export const HOUR = 3600;
export const DAY = 86_400;
const ES256 = { algorithm: "ES256", scheme: { name: "ECDSA", hash: "SHA-256" } } as const;

export interface ModeBench {
  readonly platform: Platform;
  now: number;
  /** Of `platform.random`, in place of dice where it is set. */
  dice: number | undefined;
  readonly history: string[];
  readonly events: Record<string, unknown>[];
  readonly log: IntermediateLog;
  readonly complaints: string[];
  readonly deps: ModeDeps;
  auditBroken: boolean;
}

export function modeBench(longestX509 = HOUR, domain: TrustDomain = trustDomain): ModeBench {
  const dice = (length: number): Uint8Array => {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    return length === 1 && bench.dice !== undefined ? Uint8Array.of(bench.dice) : bytes;
  };
  const platform = webCryptoPlatform({ now: () => bench.now, random: dice });
  const events: Record<string, unknown>[] = [];
  const history: string[] = [];
  const note = (event: { readonly event: string }): void => {
    events.push({ ...event });
    history.push(event.event);
  };
  const complaints: string[] = [];
  const bench: ModeBench = {
    platform,
    now: T,
    dice: undefined,
    history,
    events,
    complaints,
    auditBroken: false,
    log: {
      async record(event) {
        if (bench.auditBroken) return { ok: false, error: { reason: "audit_unavailable" } };
        note(event);
        return ok(undefined);
      },
      note,
      async signingFailure(error) {
        if (!(error instanceof SignerError)) throw error;
        return signerFailure(error);
      },
    },
    deps: {
      platform,
      trustDomain: domain,
      longestLife: { x509: longestX509, jwt: 300, wit: HOUR },
      read: (reference) => readReference(reference, () => undefined),
      env: () => undefined,
      complain: (field, message) => void complaints.push(`${field}: ${message}`),
    },
  };
  return bench;
}

/** Its platform, of whose own signatures each has a flipped bit. */
export function miscalculating({ platform }: ModeBench): Platform {
  return {
    ...platform,
    async sign(...asked) {
      const signature = await platform.sign(...asked);
      return signature.with(0, (signature[0] ?? 0) ^ 1);
    },
  };
}

export interface TestRoot {
  readonly key: PrivateKey;
  readonly certificate: Certificate;
}

export async function testRoot(
  { platform, deps }: ModeBench,
  fields: { notBefore?: number; notAfter?: number; pathLength?: number } = {},
): Promise<TestRoot> {
  const key = await platform.generateKey("P-256");
  const { spki } = key.publicKey;
  const tbs = buildCaTbs({
    trustDomain: deps.trustDomain,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: T - DAY,
    notAfter: T + 3650 * DAY,
    pathLength: 1,
    scheme: ES256.scheme,
    ...fields,
  });
  const signature = await platform.sign(ES256.scheme, key, tbs);
  const parsed = parseCertificate(assembleCertificate(tbs, ES256.scheme, signature));
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return { key, certificate: parsed.value };
}

/** A key of the configuration. @param handle undefined: private keys are not looked at */
export async function modeKey(
  bench: ModeBench,
  use: SvidUse,
  key: PrivateKey,
  settings: ModeSettings,
  handle: KeyHandle | undefined,
  root?: Certificate,
): Promise<ModeKey> {
  const { info } = key.publicKey;
  const chosen = signingAlgorithm(use, info);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const bare = handle?.signer?.("key", chosen.value, key.publicKey);
  return {
    id: "key",
    use,
    kid: await thumbprint(bench.platform, info),
    info,
    chosen: chosen.value,
    settings,
    handle,
    signer: bare && verified(bare, bench.platform),
    ...(root && { issuer: x509Issuer(root, chosen.value.scheme) }),
  };
}

type SignFault = (signature: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** A key service that signs, and tells the history of it. */
function signingHandle(
  { platform, history }: ModeBench,
  key: PrivateKey,
  service: { fault?: SignFault | undefined; signed?: Uint8Array[] },
): KeyHandle {
  return {
    signer: (id, chosen): Signer => ({
      ...localSigner(id, key, chosen, platform),
      async sign(data) {
        history.push("signed");
        service.signed?.push(data);
        const signature = await platform.sign(chosen.scheme, key, data);
        return service.fault?.(signature) ?? signature;
      },
    }),
  };
}

/** A root in mode delegated, and what it makes. Fails where it makes nothing. */
export async function delegation(
  bench: ModeBench,
  settings: Partial<ModeSettings> = {},
  service: { fault?: SignFault; signed?: Uint8Array[] } = {},
  fields: Parameters<typeof testRoot>[1] = {},
): Promise<{ root: TestRoot; key: ModeKey; authority: SigningAuthority }> {
  const root = await testRoot(bench, fields);
  const handle = signingHandle(bench, root.key, service);
  const mode = { mode: "delegated", ...settings } as const;
  const key = await modeKey(bench, "x509", root.key, mode, handle, root.certificate);
  const { authority } = await openDelegated(key, bench.deps);
  if (authority === undefined) throw new Error(bench.complaints.join("; "));
  return { root, key, authority };
}
