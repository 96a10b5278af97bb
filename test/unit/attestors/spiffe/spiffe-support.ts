import type { Attestor } from "../../../../src/attestors/attestor.ts";
import { spiffe } from "../../../../src/attestors/spiffe/spiffe.ts";
import type { Bundle, KeyAuthority } from "../../../../src/encoding/bundle.ts";
import { parseJwk } from "../../../../src/encoding/public-key.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { thumbprint } from "../../../../src/platform/thumbprint.ts";
import { base64url, tokenKey, utf8, type TokenKey } from "../../../fakes/token-issuer.ts";
import { judge, outcome } from "../../../conformance/attestor.ts";
import { buildClean, heldBundles, ISSUER, NOW } from "../support.ts";

/** Trust domains with keys of their own, some under one kid, and a workload that holds SVIDs of them. */

export const OWN = "prod.example";
export const PEER = "partner.example";
export const ID = `spiffe://${PEER}/orders/api`;
export const ENDPOINT = `${ISSUER}/v1/svids`;
export const platform = webCryptoPlatform({ now: () => NOW });

/** Each under one id in every trust domain: only the trust domain may tell them apart. */
const KID = "key-1";
export interface Domain {
  readonly jwt: TokenKey;
  readonly wit: TokenKey;
  readonly bundle: Bundle;
}

function authority({ kid, jwk }: TokenKey): KeyAuthority {
  const info = parseJwk(JSON.parse(JSON.stringify(jwk)));
  if (!info.ok) throw new Error(info.error.reason);
  return { kid, info: info.value };
}

async function domain(): Promise<Domain> {
  const [jwt, wit] = [await tokenKey("ES256", KID), await tokenKey("ES256", `${KID}-wit`)];
  return {
    jwt,
    wit,
    bundle: {
      x509Authorities: [],
      jwtAuthorities: [authority(jwt)],
      witAuthorities: [authority(wit)],
    },
  };
}

export const own = await domain();
export const peer = await domain();
export const third = await domain();
export const workload = await tokenKey("ES256", "workload");
export const thief = await tokenKey("ES256", "thief");
export const JKT = await thumbprint(platform, authority(workload).info);
export const THIEF_JKT = await thumbprint(platform, authority(thief).info);

export const held: Record<string, Bundle | undefined> = {
  [OWN]: own.bundle,
  [PEER]: peer.bundle,
  "third.example": third.bundle,
};

export function make(settings: object = {}, bundles = heldBundles(held)): Promise<Attestor> {
  return buildClean(spiffe, { trust_domains: [PEER], ...settings }, { bundles, platform });
}

export const jwtClaims = { sub: ID, aud: ISSUER as unknown, iat: NOW - 5, exp: NOW + 300 };

export function jwtSvid(change: object = {}, header: object = {}, key = peer.jwt): Promise<string> {
  return key.sign({ ...jwtClaims, ...change }, header);
}

/** The public members of a key, and the algorithm that it is held to. */
export function cnfOf({ jwk, alg }: TokenKey): Record<string, unknown> {
  const { kty, crv, x, y } = jwk;
  return { kty, crv, x, y, alg };
}

export function witSvid(change: object = {}, header: object = {}, key = peer.wit): Promise<string> {
  const claims = { sub: ID, iat: NOW - 5, exp: NOW + 3600, cnf: { jwk: cnfOf(workload) } };
  return key.sign({ ...claims, ...change }, { typ: "wit+jwt", ...header });
}

export async function hashOf(token: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(token))));
}

export async function wptFor(
  token: string,
  change: object = {},
  header: object = {},
  key = workload,
): Promise<string> {
  const wth = await hashOf(token);
  const claims = { aud: ENDPOINT, exp: NOW + 60, jti: "one-time-value", wth };
  return key.sign({ ...claims, ...change }, { typ: "wpt+jwt", kid: undefined, ...header });
}

/** In one word what comes of a token, with `JKT` proved unless told. */
export async function verdict(
  attestor: Attestor,
  token: string,
  wpt?: string,
  jkt: string | undefined = JKT,
  now = NOW,
): Promise<string> {
  const evidence = { type: "spiffe", token, ...(wpt !== undefined && { wpt }) };
  return outcome(await judge(attestor, evidence, now, jkt));
}
