import type { PinInfo } from "../../attestation.ts";
import { isIssuerUrl } from "../../encoding/issuer-url.ts";
import type { Jws } from "../../encoding/jws.ts";
import { fail } from "../../result.ts";
import type { AttestorDeps } from "../attestor.ts";
import { gradeAudience } from "../binding.ts";
import { isLoopbackHttp, openKeys } from "../jwks.ts";
import type { TokenProfile } from "../token.ts";
import { readOpenClaims, readPresetClaims } from "./claims.ts";
import type { OidcEntry } from "./config.ts";
import { nameOf, pinOf } from "./factor.ts";
import { sameIssuer } from "./issuer.ts";
import type { OidcPreset } from "./preset.ts";

const ALGORITHMS = ["RS256", "ES256", "ES384"] as const;
const LIFETIME_SECONDS = 3600;

/** The `iss` of tokens for a `dev` entry that names no issuer. */
export function devIssuer(entry: string): string {
  return `urn:svidmint:dev:${entry}`;
}

/** Opens an entry's keys and reports what is wrong with it. */
export async function profileOf(
  entryName: string,
  entry: OidcEntry,
  preset: OidcPreset | undefined,
  deps: AttestorDeps,
): Promise<TokenProfile> {
  const issuer = issuerOf(entryName, entry, preset);
  reportIssuer(entryName, entry, issuer, deps);
  const jwks = entry.jwks ?? preset?.jwks;
  const keys = await openKeys(jwks ?? { discover: issuer }, deps, {
    path: [entryName, jwks === undefined ? "issuer" : "jwks"],
    ...(entry.jwks_max_bytes !== undefined && { maxBytes: entry.jwks_max_bytes }),
  });
  const base = entry.audience ?? deps.issuer;
  const pin = pinOf(entry, preset);
  return {
    name: nameOf(entryName),
    issuer,
    algorithms: entry.algorithms ?? preset?.algorithms ?? ALGORITHMS,
    keys,
    maxLifetimeSeconds: entry.max_lifetime ?? LIFETIME_SECONDS,
    judgeAudience: (aud) => gradeAudience(aud, base),
    readClaims: (jws) => readClaims(jws, preset, pin),
  };
}

function issuerOf(entryName: string, entry: OidcEntry, preset: OidcPreset | undefined): string {
  return entry.issuer ?? preset?.issuer ?? devIssuer(entryName);
}

function reportIssuer(
  entryName: string,
  entry: OidcEntry,
  issuer: string,
  deps: AttestorDeps,
): void {
  const report = (member: string, message: string) =>
    deps.report({ path: [entryName, member], message, severity: "error" });
  const onLoopback = isLoopbackHttp(deps.issuer);
  if (entry.dev === true && !onLoopback) {
    report(
      "dev",
      "only where the issuer of this service is http on a loopback host: a development key vouches for anybody",
    );
  }
  if (sameIssuer(issuer, deps.issuer))
    report("issuer", "is this service's own: its tokens would be evidence for new ones");
  const isUrl = /^https?:/i.test(issuer) || entry.jwks === undefined;
  if (isUrl && !isIssuerUrl(issuer, { loopbackHttp: onLoopback })) {
    report(
      "issuer",
      "expected an https: URL in its one plain spelling, or any text where jwks is given",
    );
  }
}

function readClaims(
  { claims: token }: Jws,
  preset: OidcPreset | undefined,
  pin: PinInfo | undefined,
) {
  const checked = preset?.check?.(token);
  if (checked?.ok === false) return checked;
  const read = preset ? readPresetClaims(token, preset.claims) : readOpenClaims(token);
  if (!read.ok || pin === undefined) return read;
  const customer = read.value[pin.claim];
  if (typeof customer !== "string")
    return fail(customer === undefined ? "claim_missing" : "claim_type", pin.claim);
  const believed = pin.stated === true || pin.values === undefined || pin.values.includes(customer);
  return believed ? read : fail("tenant_not_configured");
}
