import type { Decision } from "../policy/match.ts";
import { fail, ok, type Result } from "../result.ts";
import { prepareJwt, prepareWit, type PreparedToken } from "./mint-token.ts";
import { prepareX509, type PreparedX509 } from "./mint.ts";
import type { Possession } from "./possession.ts";
import type { SvidRequest } from "./request.ts";
import type { Snapshot } from "./snapshot.ts";
import type { RequestTrail } from "./trail.ts";

/** SVIDs that passed the lint; nothing is signed yet. */
export interface PreparedSvids {
  readonly spiffeId: string;
  readonly x509?: PreparedX509 | undefined;
  readonly jwt?: PreparedToken | undefined;
  readonly wit?: PreparedToken | undefined;
  /** Thumbprint of the key that certificate and WIT-SVID are for. */
  readonly subjectKey?: string | undefined;
  readonly audience?: readonly string[] | undefined;
  /** Peers whose bundles go with it. */
  readonly federatesWith?: readonly string[] | undefined;
}

interface IssuedToken {
  readonly token: string;
  readonly expiresAt: number;
}

/** What `POST /v1/svids` answers with. */
export interface IssuedSvids {
  readonly spiffeId: string;
  readonly x509?: { readonly certificateChain: string; readonly expiresAt: number } | undefined;
  readonly jwt?: IssuedToken | undefined;
  readonly wit?: IssuedToken | undefined;
  /** The bundle document, as `/bundle` serves it. */
  readonly bundle: string;
  /** Where the deciding rule names peers: the members that speak of them, as JSON text. */
  readonly federated?: string | undefined;
}

/**
 * @param latestEnd Unix seconds beyond which nothing issued may live; `Infinity` where the evidence sets no bound
 * @returns `lint_failed` | `signer_unavailable` | `signature_unsound` | `audit_unavailable` | `evidence_expired`
 */
export async function prepareSvids(
  snapshot: Snapshot,
  request: SvidRequest,
  { grants, spiffeId: { uri } }: Decision,
  { csr, wit: witSubject }: Possession,
  trail: RequestTrail,
  latestEnd: number,
): Promise<Result<PreparedSvids>> {
  const { now, random } = trail;
  const context = {
    platform: snapshot.platform,
    now,
    random,
    trustDomain: snapshot.trustDomain,
    issuer: snapshot.issuer,
    spiffeId: uri,
  };
  const left = latestEnd - now;
  if (left <= 0) return fail("evidence_expired", "the identity it stands on has ended");
  const life = (wanted: number | undefined, granted: number): number =>
    Math.min(wanted ?? granted, granted, left);
  let x509: PreparedX509 | undefined;
  let jwt: PreparedToken | undefined;
  let wit: PreparedToken | undefined;
  if (request.x509 !== undefined && grants.x509 !== undefined && csr !== undefined) {
    const authority = snapshot.keys.x509(now);
    if (authority === undefined) return fail("signer_unavailable", "no x509 key is active");
    const asked = authority.key(now, trail);
    const key = asked instanceof Promise ? await asked : asked;
    if (!key.ok) return key;
    const prepared = await prepareX509(
      key.value,
      csr,
      life(request.x509.ttl_seconds, grants.x509.ttl),
      context,
    );
    if (!prepared.ok) return prepared;
    x509 = prepared.value;
  }
  if (request.jwt !== undefined && grants.jwt !== undefined) {
    const key = snapshot.keys.jwt(now);
    if (key === undefined) return fail("signer_unavailable", "no jwt key is active");
    const prepared = await prepareJwt(
      key,
      request.jwt.audience,
      life(request.jwt.ttl_seconds, grants.jwt.ttl),
      context,
    );
    if (!prepared.ok) return prepared;
    jwt = prepared.value;
  }
  if (request.wit !== undefined && grants.wit !== undefined && witSubject !== undefined) {
    const key = snapshot.keys.wit(now);
    if (key === undefined) return fail("signer_unavailable", "no wit key is active");
    const ttl = life(request.wit.ttl_seconds, grants.wit.ttl);
    const prepared = await prepareWit(key, witSubject, ttl, context);
    if (!prepared.ok) return prepared;
    wit = prepared.value;
  }
  return ok({
    spiffeId: uri,
    x509,
    jwt,
    wit,
    subjectKey: (csr ?? witSubject)?.jkt,
    audience: request.jwt?.audience,
    federatesWith: grants.federatesWith,
  });
}

/** The record first; then the signatures, each verified before it leaves. `signatures`: how many were made, whatever came of them. */
export async function recordAndSign(
  snapshot: Snapshot,
  svids: PreparedSvids,
  trail: RequestTrail,
): Promise<{ result: Result<IssuedSvids>; signatures: number }> {
  const documents = snapshot.documents(trail.now);
  const { bundle } = documents instanceof Promise ? await documents : documents;
  const recorded = await trail.intent(await intentOf(snapshot, svids));
  if (!recorded.ok) return { result: recorded, signatures: 0 };
  const { x509, jwt, wit, spiffeId, federatesWith } = svids;
  let signatures = 0;
  try {
    let certificate: IssuedSvids["x509"];
    let token: IssuedToken | undefined;
    let witToken: IssuedToken | undefined;
    if (x509 !== undefined) {
      certificate = { certificateChain: await x509.sign(), expiresAt: x509.expiresAt };
      signatures++;
    }
    if (jwt !== undefined) {
      token = { token: await jwt.sign(), expiresAt: jwt.expiresAt };
      signatures++;
    }
    if (wit !== undefined) {
      witToken = { token: await wit.sign(), expiresAt: wit.expiresAt };
      signatures++;
    }
    const told = trail.outcome("issued");
    if (told !== undefined) await told;
    const issued: IssuedSvids = {
      spiffeId,
      x509: certificate,
      jwt: token,
      wit: witToken,
      bundle: bundle.body,
      federated: federatesWith && snapshot.peers.documents?.members(federatesWith, trail.now),
    };
    return { result: ok(issued), signatures };
  } catch (error) {
    const failing = [x509, jwt, wit].filter((svid) => svid !== undefined)[signatures];
    const failure = await trail.signingFailure(error, failing?.signer ?? "");
    await trail.outcome("failed", failure);
    return { result: { ok: false, error: failure }, signatures };
  }
}

async function intentOf(
  { platform }: Snapshot,
  { spiffeId, x509, jwt, wit, subjectKey = "", audience = [] }: PreparedSvids,
): Promise<Parameters<RequestTrail["intent"]>[0]> {
  return {
    spiffe_id: spiffeId,
    x509: x509 && {
      serial: x509.serial,
      tbs_sha256: await platform.digestText("SHA-256", x509.input, "hex"),
      subject_key: subjectKey,
      not_after: x509.expiresAt,
      signer: x509.signer,
    },
    jwt: jwt && {
      jti: jwt.jti,
      input_sha256: await platform.digestText("SHA-256", jwt.input, "hex"),
      audience,
      expires_at: jwt.expiresAt,
      signer: jwt.signer,
    },
    wit: wit && {
      jti: wit.jti,
      input_sha256: await platform.digestText("SHA-256", wit.input, "hex"),
      subject_key: subjectKey,
      expires_at: wit.expiresAt,
      signer: wit.signer,
    },
  };
}
