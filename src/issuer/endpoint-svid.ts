import type { PublicKey } from "../encoding/primitives.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { fail, ok, type Result } from "../result.ts";
import type { SigningAuthority } from "../signer/authority.ts";
import { spiffeIdOf } from "../spiffe/spiffe-id.ts";
import type { Issuer } from "./issuer.ts";
import { prepareX509 } from "./mint.ts";
import { recordAndSign } from "./sign.ts";
import type { Snapshot } from "./snapshot.ts";
import type { RequestTrail } from "./trail.ts";

/** Longest life of what a listener shows. Seconds. */
const TTL = 3600;

/** What a listener of ours shows. */
export interface EndpointSvid {
  /** PEM, leaf first, without the root. */
  readonly certificateChain: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** What signs certificates now; the very same object until the next key takes over. */
export function signingAuthority({
  snapshot,
}: Pick<Issuer, "snapshot">): SigningAuthority | undefined {
  const { keys, platform } = snapshot();
  return keys.x509(platform.now());
}

/**
 * An X.509-SVID by which a listener of the issuer's own is known: of a path that no rule gives (`isReservedPath`), for a
 * key made in this process, recorded before it is signed as every other. No request leads here.
 * @returns `signer_unavailable` | `signature_unsound` | `audit_unavailable` | `lint_failed` | `claim_value`
 */
export async function endpointSvid(
  issuer: Pick<Issuer, "snapshot" | "trail">,
  path: string,
  key: PublicKey,
): Promise<Result<EndpointSvid>> {
  const snapshot = issuer.snapshot();
  const trail = issuer.trail(snapshot);
  trail.key = await thumbprint(snapshot.platform, key.info);
  const result = await issue(snapshot, path, key, trail).catch((error: unknown) =>
    trail.fault(error),
  );
  if (!result.ok) await trail.refused(result.error);
  return result;
}

async function issue(
  snapshot: Snapshot,
  path: string,
  key: PublicKey,
  trail: RequestTrail,
): Promise<Result<EndpointSvid>> {
  const { platform, issuer, keys } = snapshot;
  const { trustDomain } = snapshot.policy;
  const { now, random } = trail;
  const spiffeId = spiffeIdOf(trustDomain, path);
  if (!spiffeId.ok) return spiffeId;
  const authority = keys.x509(now);
  if (authority === undefined) return fail("signer_unavailable", "no x509 key is active");
  const signing = await authority.key(now, trail);
  if (!signing.ok) return signing;
  const { uri } = spiffeId.value;
  const context = { platform, now, random, trustDomain, issuer, spiffeId: uri };
  const x509 = await prepareX509(signing.value, { key }, TTL, context);
  if (!x509.ok) return x509;
  const svids = { spiffeId: uri, x509: x509.value, subjectKey: trail.key ?? "" };
  const { result } = await recordAndSign(snapshot, svids, trail);
  if (!result.ok) return result;
  const issued = result.value.x509;
  return issued === undefined ? fail("signer_unavailable") : ok(issued);
}
