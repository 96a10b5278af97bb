import * as z from "zod/mini";
import type { Jws } from "../../encoding/jws.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { Certificate } from "../../svid/certificate.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { checkBinding, refusedWithKey } from "../binding.ts";
import { readCertificates } from "../certificates.ts";
import { claimKey } from "../claim-key.ts";
import { parsePop, precheckPop, verifyPop } from "../pop.ts";
import { authoritiesOf, type Authorities } from "./authorities.ts";
import { certificateClaims } from "./claims.ts";
import { config, factorOf, nameOf, TYPE, type PopConfig } from "./config.ts";

/** Leaf and intermediates. */
const MAX_CERTIFICATES = 5;

const evidence = z.strictObject({
  type: z.literal(TYPE),
  /** PEM, the holder's certificate first. */
  certificate_chain: z.string(),
  proof: z.string(),
  /** Whose certificate it is to be; no other entry's CAs are tried. */
  entry: z.optional(z.string()),
});
type PopEvidence = z.infer<typeof evidence>;

interface ParsedPop {
  readonly entry: string | undefined;
  readonly certificates: readonly [Certificate, ...Certificate[]];
  readonly proof: Jws;
}

interface OpenEntry {
  readonly entry: string;
  readonly base: string;
  readonly authorities: Authorities;
}

/**
 * A certificate of a configured CA or of a peer's bundle, with a proof that its key is held: machines on premises,
 * appliances, and a way in from other SPIFFE deployments. The certificate is an identity, and no SVID outlives it.
 */
export const x509Pop: AttestorDefinition<PopConfig> = {
  type: TYPE,
  evidence,
  config,
  factors: (settings) => Object.entries(settings).map(([name, entry]) => factorOf(name, entry)),
  create: openX509Pop,
};

export async function openX509Pop(
  settings: PopConfig,
  deps: AttestorDeps,
): Promise<Attestor<PopEvidence, ParsedPop>> {
  const entries = new Map<string, OpenEntry>();
  for (const [entry, section] of Object.entries(settings)) {
    const authorities = await authoritiesOf(entry, section, deps); // oxlint-disable-line no-await-in-loop -- a handful, once
    entries.set(entry, { entry, base: section.audience ?? deps.issuer, authorities });
  }

  function select(named: string | undefined): Result<OpenEntry> {
    if (named === undefined && entries.size > 1) return fail("entry_required");
    const entry = named === undefined ? [...entries.values()][0] : entries.get(named);
    return entry ? ok(entry) : fail("issuer_not_configured", "no such entry");
  }

  function examine({ entry: named, certificates, proof }: ParsedPop, now: number) {
    const entry = select(named);
    if (!entry.ok) return entry;
    const [leaf] = certificates;
    if (leaf.extensions.keyUsage?.uses.has("digitalSignature") !== true)
      return fail("certificate_chain_invalid", "leaf: key usage lacks digitalSignature");
    const jkt = precheckPop(proof, leaf, entry.value.base, now);
    return jkt.ok ? ok({ ...entry.value, leaf, jkt: jkt.value }) : jkt;
  }

  return {
    type: TYPE,
    evidence,
    parse({ entry, certificate_chain: chain, proof }) {
      const certificates = readCertificates(chain, MAX_CERTIFICATES);
      if (!certificates.ok) return certificates;
      const parsed = parsePop(proof);
      return parsed.ok
        ? ok({ entry, certificates: certificates.value, proof: parsed.value })
        : parsed;
    },
    precheck(parsed, { now }) {
      const examined = examine(parsed, now);
      if (!examined.ok) return refusedWithKey(examined.error);
      return ok({ name: nameOf(examined.value.entry), jkt: examined.value.jkt });
    },
    async verify(parsed, context) {
      const examined = examine(parsed, context.now);
      if (!examined.ok) return examined;
      const { entry, authorities, leaf, jkt } = examined.value;
      const binding = { kind: "key", jkt } as const;
      const bound = checkBinding(binding, context.jkt);
      if (!bound.ok) return bound;
      const held = await verifyPop(parsed.proof, leaf, deps.platform);
      if (!held.ok) return held;
      const verified = await authorities.verify(parsed.certificates, context.now);
      if (!verified.ok) return verified;
      const { path, spiffeId, bundle } = verified.value;
      return ok({
        type: TYPE,
        name: nameOf(entry),
        claims: {
          ...(await certificateClaims(path, entry, deps.platform)),
          ...spiffeClaims(spiffeId),
        },
        binding,
        ...(bundle && { bundle }),
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
        svidNotAfter: leaf.notAfter,
        // What is signed, not the whole: an ECDSA signature can be written in two ways.
        claimKey: await claimKey(deps, TYPE, [entry, leaf.tbs]),
        generation: 0,
      });
    },
  };
}

function spiffeClaims(id: string | undefined) {
  return id === undefined ? {} : { spiffe_id: id, trust_domain: id.split("/")[2] ?? "" };
}
