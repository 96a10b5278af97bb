import { isIssuerUrl } from "../../encoding/issuer-url.ts";
import type { JsonObject } from "../../encoding/json.ts";
import { fail } from "../../result.ts";
import type { AttestorDeps, Bundles } from "../attestor.ts";
import { gradeAudience } from "../binding.ts";
import { isLoopbackHttp, openKeys } from "../jwks.ts";
import type { TokenProfile } from "../token.ts";
import { readOpenClaims } from "./claims.ts";
import { sameIssuer } from "./issuer.ts";
import { nameOf } from "./name.ts";
import type { SettledEntry } from "./settle.ts";
import { readShape } from "./shape.ts";

const ALGORITHMS = ["RS256", "ES256", "ES384"] as const;
const LIFETIME_SECONDS = 3600;

/** Opens an entry's keys and reports what is wrong with it. @returns one profile for each of its issuers */
export async function profilesOf(
  entryName: string,
  entry: SettledEntry,
  deps: AttestorDeps,
): Promise<readonly TokenProfile[]> {
  const { jwks, jwks_max_bytes: maxBytes } = entry;
  const open = (location: string | { readonly discover: string }) =>
    openKeys(location, deps, {
      path: [entryName, jwks === undefined ? "issuer" : "jwks"],
      ...(maxBytes !== undefined && { maxBytes }),
    });
  reportDev(entryName, entry, deps);
  const stated = jwks === undefined ? undefined : await open(jwks);
  const base = entry.audience ?? deps.issuer;
  return Promise.all(
    entry.issuers.map(async (issuer) => {
      reportIssuer(entryName, issuer, jwks !== undefined, deps);
      return {
        name: nameOf(entryName),
        issuer,
        algorithms: entry.algorithms ?? ALGORITHMS,
        keys: stated ?? (await open({ discover: issuer })),
        maxLifetimeSeconds: entry.max_lifetime ?? LIFETIME_SECONDS,
        judgeAudience: (aud) => gradeAudience(aud, base),
        readClaims: ({ claims }) =>
          isHeldIdentity(claims, deps.bundles)
            ? fail("claim_value", "an SVID of ours or a peer's, which is evidence of type spiffe")
            : readClaims(claims, entry),
      } satisfies TokenProfile;
    }),
  );
}

function reportDev(entryName: string, { dev }: SettledEntry, deps: AttestorDeps): void {
  if (dev !== true || isLoopbackHttp(deps.issuer)) return;
  deps.report({
    path: [entryName, "dev"],
    message:
      "only where the issuer of this service is http on a loopback host: a development key vouches for anybody",
    severity: "error",
  });
}

function reportIssuer(
  entryName: string,
  issuer: string,
  keysAreStated: boolean,
  deps: AttestorDeps,
): void {
  const report = (message: string) =>
    deps.report({ path: [entryName, "issuer"], message, severity: "error" });
  if (sameIssuer(issuer, deps.issuer))
    report("is this service's own: its tokens would be evidence for new ones");
  const isUrl = /^https?:/i.test(issuer) || !keysAreStated;
  const form = { loopbackHttp: isLoopbackHttp(deps.issuer), colons: true };
  if (isUrl && !isIssuerUrl(issuer, form))
    report("expected an https: URL in its one plain spelling, or, with jwks, text that is no URL");
}

/**
 * A JWT-SVID whose keys we hold as a bundle, under whatever name its issuer goes here: as `spiffe` it bounds the life of
 * what is issued on it, and ours never stands alone. As a token of some issuer it would escape both.
 */
function isHeldIdentity({ sub }: JsonObject, bundles: Bundles): boolean {
  const name = typeof sub === "string" ? /^spiffe:\/\/([^/]*)/i.exec(sub)?.[1] : undefined;
  return name !== undefined && bundles.has(name.toLowerCase());
}

function readClaims(token: JsonObject, { shape, pin }: SettledEntry) {
  const read = shape ? readShape(token, shape) : readOpenClaims(token);
  if (!read.ok || pin === undefined) return read;
  const customer = read.value[pin.claim];
  if (typeof customer !== "string")
    return fail(customer === undefined ? "claim_missing" : "claim_type", pin.claim);
  const believed = pin.stated === true || pin.values === undefined || pin.values.includes(customer);
  return believed ? read : fail("tenant_not_configured");
}
