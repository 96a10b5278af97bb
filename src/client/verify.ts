import { member } from "../encoding/json.ts";
import { parseJws, type Jws } from "../encoding/jws.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { BundleVerifier, type BundleSource, type BundleUsed } from "../svid/bundle-verifier.ts";
import { parseCertificate } from "../svid/certificate.ts";
import { checkJwtSvidHeader, readJwtSvid, type JwtSvid } from "../svid/verify-jwt-svid.ts";
import { checkWitSvidHeader, readWitSvid, type WitSvid } from "../svid/verify-wit-svid.ts";
import { readX509Svid, type X509Svid } from "../svid/verify-x509-svid.ts";

/** An SVID that verified, and with which bundle. */
interface Verified<T> {
  readonly svid: T;
  readonly bundle: BundleUsed;
}

/** Verifies SVIDs of any trust domain that a bundle is held of. */
export interface SvidVerifier {
  /** @param chain DER certificates, leaf first */
  x509(chain: readonly Uint8Array[]): Promise<Result<Verified<X509Svid>>>;
  /** @param audience one of the token's has to be this. @throws TypeError where it is empty */
  jwt(token: string, audience: string): Promise<Result<Verified<JwtSvid>>>;
  /** The token's own claims: who holds the key in it is for a proof by that key to say. */
  wit(token: string): Promise<Result<Verified<WitSvid>>>;
}

/**
 * The trust domain in the SVID chooses the bundle, and nothing else does: no `kid`, issuer or header. Every failure is
 * one of `reasons.ts`; `keys_unavailable` where no bundle of that trust domain is held.
 * @param platform its clock, in Unix seconds, and its cryptography
 */
export function svidVerifier(
  bundles: BundleSource,
  platform: CryptoPrimitives & { now(): number },
): SvidVerifier {
  const verifier = new BundleVerifier(bundles, platform);
  return {
    async x509(chain) {
      const [first] = chain;
      if (first === undefined) return fail("certificate_chain_invalid", "no certificate");
      const leaf = parseCertificate(first);
      if (!leaf.ok) return leaf;
      const id = readX509Svid(leaf.value);
      return id.ok ? verifier.x509(chain, id.value.trustDomain, platform.now()) : id;
    },
    async jwt(token, audience) {
      if (audience === "") throw new TypeError("an audience is required");
      const read = readToken(token, checkJwtSvidHeader);
      if (!read.ok) return read;
      const { jws, trustDomain } = read.value;
      const now = platform.now();
      const svid = readJwtSvid(jws.claims, { trustDomain, now });
      if (!svid.ok) return svid;
      if (!svid.value.audience.includes(audience)) return fail("audience_mismatch");
      const used = await verifier.token(jws, trustDomain, (held) => held.jwtAuthorities, now);
      return used.ok ? ok({ svid: svid.value, bundle: used.value }) : used;
    },
    async wit(token) {
      const read = readToken(token, checkWitSvidHeader);
      if (!read.ok) return read;
      const { jws, trustDomain } = read.value;
      const now = platform.now();
      const svid = readWitSvid(jws.claims, { trustDomain, now });
      if (!svid.ok) return svid;
      const used = await verifier.token(jws, trustDomain, (held) => held.witAuthorities, now);
      return used.ok ? ok({ svid: svid.value, bundle: used.value }) : used;
    },
  };
}

function readToken(
  token: string,
  checkHeader: (jws: Jws) => Result<void>,
): Result<{ readonly jws: Jws; readonly trustDomain: TrustDomain }> {
  const jws = parseJws(token);
  if (!jws.ok) return jws;
  const header = checkHeader(jws.value);
  if (!header.ok) return header;
  const sub = member(jws.value.claims, "sub");
  if (typeof sub !== "string") return fail("claim_missing", "sub");
  const id = parseSpiffeId(sub);
  return id.ok ? ok({ jws: jws.value, trustDomain: id.value.trustDomain }) : id;
}
