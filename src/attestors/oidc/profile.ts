import { isIssuerUrl } from "../../encoding/issuer-url.ts";
import type { JsonObject } from "../../encoding/json.ts";
import { fail } from "../../result.ts";
import type { AttestorDeps } from "../attestor.ts";
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

/** Opens an entry's keys and reports what is wrong with it. */
export async function profileOf(
  entryName: string,
  entry: SettledEntry,
  deps: AttestorDeps,
): Promise<TokenProfile> {
  reportIssuer(entryName, entry, deps);
  const { issuer, jwks } = entry;
  const keys = await openKeys(jwks ?? { discover: issuer }, deps, {
    path: [entryName, jwks === undefined ? "issuer" : "jwks"],
    ...(entry.jwks_max_bytes !== undefined && { maxBytes: entry.jwks_max_bytes }),
  });
  const base = entry.audience ?? deps.issuer;
  return {
    name: nameOf(entryName),
    issuer,
    algorithms: entry.algorithms ?? ALGORITHMS,
    keys,
    maxLifetimeSeconds: entry.max_lifetime ?? LIFETIME_SECONDS,
    judgeAudience: (aud) => gradeAudience(aud, base),
    readClaims: ({ claims }) => readClaims(claims, entry),
  };
}

function reportIssuer(entryName: string, entry: SettledEntry, deps: AttestorDeps): void {
  const report = (member: string, message: string) =>
    deps.report({ path: [entryName, member], message, severity: "error" });
  const { issuer } = entry;
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

function readClaims(token: JsonObject, { shape, pin }: SettledEntry) {
  const read = shape ? readShape(token, shape) : readOpenClaims(token);
  if (!read.ok || pin === undefined) return read;
  const customer = read.value[pin.claim];
  if (typeof customer !== "string")
    return fail(customer === undefined ? "claim_missing" : "claim_type", pin.claim);
  const believed = pin.stated === true || pin.values === undefined || pin.values.includes(customer);
  return believed ? read : fail("tenant_not_configured");
}
