import * as z from "zod/mini";
import type { FactorInfo } from "../../attestation.ts";
import type { Jws } from "../../encoding/jws.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { Certificate } from "../../svid/certificate.ts";
import { OID } from "../../svid/extensions.ts";
import { validatePath } from "../../svid/path.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { checkBinding, refusedWithKey } from "../binding.ts";
import { PEM_REFERENCE, readAuthorities, readCertificates } from "../certificates.ts";
import { claimKey } from "../claim-key.ts";
import { audienceField, oneOrMore } from "../config-fields.ts";
import { parsePop, precheckPop, verifyPop } from "../pop.ts";
import { readIdentity } from "./identity.ts";

const TYPE = "oci_instance";
const MAX_INTERMEDIATES = 3;
/** One search may cost so many public-key operations. */
const MAX_SIGNATURE_CHECKS = 12;

const config = () =>
  z.strictObject({
    /** The tenancies whose instances are believed. */
    tenancies: z
      .array(
        z
          .string()
          .check(
            z.regex(
              /^ocid1\.tenancy\.[a-z0-9]{2,16}\.[a-z0-9-]*\.[a-z0-9.-]{1,128}$/,
              "expected the identifier of a tenancy: ocid1.tenancy.oc1..…",
            ),
          ),
      )
      .check(z.minLength(1)),
    /** By region (`us-phoenix-1`): PEM files of its roots of instance certificates. */
    regions: z
      .record(
        z.string().check(z.regex(/^[a-z0-9-]{2,32}$/, "expected a region: us-phoenix-1")),
        oneOrMore(z.string().check(z.regex(PEM_REFERENCE, "expected file:, data: or env: of PEM"))),
      )
      .check(
        z.refine((all) => Object.keys(all).length > 0, { error: "expected one region at least" }),
      ),
    /** The base of S in proofs, where it is not the issuer URL. */
    audience: z.optional(audienceField()),
  });
type OciConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({
  type: z.literal(TYPE),
  /** PEM, as the metadata service gives them. */
  certificate: z.string(),
  intermediate: z.string(),
  proof: z.string(),
});
type OciEvidence = z.infer<typeof evidence>;

interface ParsedOci {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly proof: Jws;
}

/** Instance principals of Oracle Cloud Infrastructure: the certificate of a compute instance, and a proof that its key is held. */
export const ociInstance: AttestorDefinition<OciConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { tenancies: ["ocid1.tenancy.oc1..invalid"], regions: { invalid: "data:," } },
  factors: ({ tenancies }) => [factor(tenancies)],
  create: openOciInstance,
};

export async function openOciInstance(
  settings: OciConfig,
  deps: AttestorDeps,
): Promise<Attestor<OciEvidence, ParsedOci>> {
  const { platform } = deps;
  const base = settings.audience ?? deps.issuer;
  const tenancies = new Set(settings.tenancies);
  const roots = new Map<string, readonly Certificate[]>();
  for (const [region, files] of Object.entries(settings.regions)) {
    roots.set(region, await readAuthorities(files, ["regions", region], deps)); // oxlint-disable-line no-await-in-loop -- a handful, once
  }

  /** All that the certificate's own words, the proof's, and configuration can decide. */
  function examine({ leaf, proof }: ParsedOci, now: number) {
    const { info, extensions } = leaf;
    if (info.type !== "RSA") return fail("algorithm_not_allowed", "the certificate's key");
    if (extensions.keyUsage?.uses.has("digitalSignature") === false)
      return fail("certificate_chain_invalid", "leaf: key usage lacks digitalSignature");
    const identity = readIdentity(leaf);
    if (!identity.ok) return identity;
    const anchors = roots.get(identity.value.region);
    if (anchors === undefined) return fail("region_unknown");
    if (!tenancies.has(identity.value.tenancy)) return fail("tenant_not_configured");
    const jkt = precheckPop(proof, leaf, base, now);
    return jkt.ok ? ok({ identity: identity.value, anchors, jkt: jkt.value }) : jkt;
  }

  return {
    type: TYPE,
    evidence,
    parse: ({ certificate, intermediate, proof }) => parse(certificate, intermediate, proof),
    precheck(parsed, { now }) {
      const examined = examine(parsed, now);
      return examined.ok
        ? ok({ name: TYPE, jkt: examined.value.jkt })
        : refusedWithKey(examined.error);
    },
    async verify(parsed, context) {
      const examined = examine(parsed, context.now);
      if (!examined.ok) return examined;
      const { identity, anchors, jkt } = examined.value;
      const binding = { kind: "key", jkt } as const;
      const bound = checkBinding(binding, context.jkt);
      if (!bound.ok) return bound;
      const { leaf, intermediates, proof } = parsed;
      const held = await verifyPop(proof, leaf, platform);
      if (!held.ok) return held;
      const options = {
        now: context.now,
        purposes: [OID.clientAuth],
        maxSignatureChecks: MAX_SIGNATURE_CHECKS,
      };
      const path = await validatePath(leaf, intermediates, anchors, options, platform);
      if (!path.ok) return path;
      return ok({
        type: TYPE,
        name: TYPE,
        claims: { ...identity },
        binding,
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
        claimKey: await claimKey(deps, TYPE, [identity.tenancy, identity.instance]),
        generation: 0,
      });
    },
  };
}

function parse(certificate: string, intermediate: string, proof: string): Result<ParsedOci> {
  const leaf = readCertificates(certificate, 1);
  if (!leaf.ok) return leaf;
  const intermediates = readCertificates(intermediate, MAX_INTERMEDIATES);
  if (!intermediates.ok) return intermediates;
  const parsed = parsePop(proof);
  if (!parsed.ok) return parsed;
  return ok({ leaf: leaf.value[0], intermediates: intermediates.value, proof: parsed.value });
}

function factor(tenancies: readonly string[]): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      instance: "string",
      compartment: "string",
      tenancy: "string",
      region: "string",
      realm: "string",
    },
    pins: [{ claim: "tenancy", values: tenancies }],
    bindings: ["key"],
    defaultBinding: "key",
    joinable: ["instance", "compartment", "tenancy"],
    instanceClaims: ["instance"],
    settings: [],
  };
}
