import * as z from "zod/mini";
import type { Attestation, FactorInfo } from "../../attestation.ts";
import { member } from "../../encoding/json.ts";
import { parseJws, type Jws } from "../../encoding/jws.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseSpiffeId } from "../../spiffe/spiffe-id.ts";
import { isTrustDomain, type TrustDomain } from "../../spiffe/trust-domain.ts";
import { BundleVerifier } from "../../svid/bundle-verifier.ts";
import { WIT_SVID_TYPE } from "../../svid/wit-svid.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { checkBinding, KEY_MARK, refusedWithKey, singleAudience } from "../binding.ts";
import { claimKey } from "../claim-key.ts";
import { audienceField, lifetimeField } from "../config-fields.ts";
import { noteOf } from "../bundle-note.ts";
import type { Examined } from "./examined.ts";
import { examineJwtSvid } from "./jwt-svid.ts";
import { examineWitSvid } from "./wit-svid.ts";

const TYPE = "spiffe";

const config = () =>
  z.strictObject({
    /** Whose SVIDs are believed: our own, or of `peers:`. */
    trust_domains: z
      .array(z.string().check(z.refine(isTrustDomain, { error: "expected a trust domain" })))
      .check(z.minLength(1)),
    audience: z.optional(audienceField()),
    /** Of JWT-SVIDs. */
    max_lifetime: z.optional(lifetimeField(86_400)),
  });
type SpiffeConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({
  type: z.literal(TYPE),
  /** A JWT-SVID or a WIT-SVID. */
  token: z.string(),
  /** With a WIT-SVID: the proof that its key was used for this request. */
  wpt: z.optional(z.string()),
});

/** SVIDs of our own trust domain or a peer's: JWT-SVIDs, and WIT-SVIDs with their proof. */
export const spiffe: AttestorDefinition<SpiffeConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { trust_domains: ["invalid"] },
  factors: (settings) => [factor(settings)],
  create: openSpiffe,
};

interface Parsed {
  readonly token: string;
  readonly jws: Jws;
  /** There with a WIT-SVID and never else. */
  readonly wpt?: Jws;
}

export async function openSpiffe(settings: SpiffeConfig, deps: AttestorDeps): Promise<Attestor> {
  const { platform, bundles } = deps;
  for (const [index, name] of settings.trust_domains.entries())
    if (!bundles.has(name))
      deps.report({
        path: ["trust_domains", index],
        message: "is neither this trust domain nor one under peers:, so nothing verifies its SVIDs",
        severity: "error",
      });
  const believed: ReadonlySet<string> = new Set(settings.trust_domains);
  const verifier = new BundleVerifier(bundles, platform);
  const options = {
    platform,
    base: settings.audience ?? deps.issuer,
    endpoint: `${deps.issuer}/v1/svids`,
    maxLifetimeSeconds: settings.max_lifetime ?? 3600,
  };

  async function examine({ token, jws, wpt }: Parsed, now: number): Promise<Result<Examined>> {
    const trustDomain = trustDomainOf(jws);
    if (!trustDomain.ok) return trustDomain;
    if (!believed.has(trustDomain.value)) return fail("tenant_not_configured");
    const rules = { trustDomain: trustDomain.value, now };
    return wpt === undefined
      ? examineJwtSvid(jws, rules, options)
      : examineWitSvid({ token, jws, wpt }, rules, options);
  }

  const attestor: Attestor<z.infer<typeof evidence>, Parsed> = {
    type: TYPE,
    evidence,
    parse: parseTokens,
    async precheck(parsed, { now }) {
      const examined = await examine(parsed, now);
      if (!examined.ok) {
        const { jws, wpt } = parsed;
        const namesKey = wpt !== undefined || singleAudience(jws.claims.aud)?.includes(KEY_MARK);
        return namesKey === true ? refusedWithKey(examined.error) : examined;
      }
      const { binding } = examined.value;
      return ok(binding.kind === "key" ? { name: TYPE, jkt: binding.jkt } : { name: TYPE });
    },
    async verify(parsed, { now, jkt }): Promise<Result<Attestation>> {
      const examined = await examine(parsed, now);
      if (!examined.ok) return examined;
      const { subject, binding, authorities, proof } = examined.value;
      const bound = checkBinding(binding, jkt);
      if (!bound.ok) return bound;
      const { uri, trustDomain, path } = subject.spiffeId;
      const genuine = await verifier.token(parsed.jws, trustDomain, authorities, now);
      if (!genuine.ok) return genuine;
      const proved = await proof?.();
      if (proved?.ok === false) return proved;
      return ok({
        type: TYPE,
        name: TYPE,
        claims: { spiffe_id: uri, trust_domain: trustDomain, path },
        binding,
        bundle: noteOf(genuine.value),
        ...(subject.notBefore !== undefined && { notBefore: subject.notBefore }),
        notAfter: subject.expiresAt,
        svidNotAfter: subject.expiresAt,
        claimKey: await claimKey(deps, TYPE, [parsed.jws.signingInput]),
        generation: 0,
      });
    },
  };
  return attestor;
}

/** @returns `evidence_malformed` | `possession_missing` where there is a proof too many or none, and as `parseJws` */
function parseTokens({ token, wpt }: z.infer<typeof evidence>): Result<Parsed> {
  const jws = parseJws(token);
  if (!jws.ok) return jws;
  const isWit = jws.value.typ === WIT_SVID_TYPE;
  if (wpt === undefined)
    return isWit
      ? fail("possession_missing", "a WIT-SVID needs a wpt by its key")
      : ok({ token, jws: jws.value });
  if (!isWit) return fail("evidence_malformed", "a wpt goes with a WIT-SVID");
  const proof = parseJws(wpt);
  return proof.ok ? ok({ token, jws: jws.value, wpt: proof.value }) : proof;
}

/** The domain whose bundle alone may vouch for the token. @returns `claim_missing` | `claim_value` */
function trustDomainOf({ claims }: Jws): Result<TrustDomain> {
  const sub = member(claims, "sub");
  if (typeof sub !== "string") return fail("claim_missing", "sub");
  const id = parseSpiffeId(sub);
  return id.ok ? ok(id.value.trustDomain) : id;
}

function factor({ trust_domains: values }: SpiffeConfig): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: { spiffe_id: "string", trust_domain: "string", path: "string" },
    pins: [{ claim: "trust_domain", values }],
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["spiffe_id"],
    settings: [],
    identityOf: "trust_domain",
  };
}
