import * as z from "zod/mini";
import type { FactorInfo } from "../../attestation.ts";
import { decodeBase64 } from "../../encoding/base64.ts";
import { parseSignedData, verifySignedData, type SignedData } from "../../encoding/cms.ts";
import { parseJsonObject } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { gradeDigestNonce, namesKeyByDigest, refusedWithKey } from "../binding.ts";
import { PEM_REFERENCE } from "../certificates.ts";
import { claimKey } from "../claim-key.ts";
import { audienceField, oneOrMore } from "../config-fields.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { readAttestedDocument, type AttestedDocument } from "./attested-document.ts";
import {
  openTrust,
  signerCertificate,
  verifySigner,
  type AzureCloud,
  type SignerTrust,
  type StoredTrust,
} from "./imds-signer.ts";
import { settleTrust } from "./imds-trust.ts";

const TYPE = "azure_imds";
/** Characters of base64; a document takes about 4000. */
const MAX_CHARACTERS = 16_384;

const NOBODY = "00000000-0000-0000-0000-000000000000";

const uuid = (what: string) =>
  z
    .string()
    .check(
      z.regex(
        /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/,
        `expected a ${what} id: a UUID in lower case`,
      ),
    );
const pem = () =>
  oneOrMore(z.string().check(z.regex(PEM_REFERENCE, "expected file:, data: or env: of PEM")));

const config = () =>
  z.strictObject({
    /** The subscriptions whose machines are believed, each with its Entra tenant, which documents do not name. */
    subscriptions: z.record(uuid("subscription"), uuid("tenant")).check(
      z.refine((all) => Object.keys(all).length > 0, {
        error: "expected one subscription at least",
      }),
    ),
    /** `public` unless told. */
    cloud: z.optional(z.enum(["public", "us_government", "china"])),
    /** The base of S where it is not the issuer URL. */
    audience: z.optional(audienceField()),
    /** CA certificates beside those that are shipped. */
    intermediates: z.optional(pem()),
    roots: z.optional(pem()),
    /** That another trust domain of this deployment lists the same subscription, too. */
    shared: z.optional(z.boolean()),
  });
type ImdsConfig = z.infer<ReturnType<typeof config>>;

/** A section whose certificates are read. */
type ImdsSettings = Pick<ImdsConfig, "subscriptions" | "audience"> & {
  readonly cloud: AzureCloud;
  readonly trust: StoredTrust;
};

const evidence = z.strictObject({ type: z.literal(TYPE), signature: z.string() });
type ImdsEvidence = z.infer<typeof evidence>;

/** Nothing in it is believed yet. `document` was read from the very bytes whose signature `verify` checks. */
interface ParsedImds {
  readonly cms: SignedData;
  readonly document: AttestedDocument;
}

/**
 * Attested documents of Azure virtual machines: signed on request, good for six hours, with a nonce of the
 * requester's that has room for a digest of S.
 */
export const azureImds: AttestorDefinition<ImdsConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { subscriptions: { [NOBODY]: NOBODY, "*": NOBODY } },
  factors: ({ subscriptions }) => [factor(Object.keys(subscriptions))],
  settle,
  create: async (settings, deps) => openAzureImds(await settle(settings, deps), deps),
};

async function settle(
  { subscriptions, audience, cloud = "public", roots, intermediates }: ImdsConfig,
  deps: Pick<AttestorDeps, "read" | "report">,
): Promise<ImdsSettings> {
  const trust = await settleTrust(roots ?? [], intermediates ?? [], deps);
  return { subscriptions, ...(audience !== undefined && { audience }), cloud, trust };
}

export async function openAzureImds(
  settings: ImdsSettings,
  deps: Pick<AttestorDeps, "platform" | "trustDomain" | "issuer">,
): Promise<Attestor<ImdsEvidence, ParsedImds>> {
  const { cloud } = settings;
  const { platform } = deps;
  const tenants = new Map(Object.entries(settings.subscriptions));
  const base = settings.audience ?? deps.issuer;
  let trust: SignerTrust | undefined;

  /** Whose and of when, as the document says: cheap enough to be tried before and after its signature. */
  function admit({ document }: ParsedImds, now: number): Result<string> {
    const { subscription, times } = document;
    const tenant = tenants.get(subscription);
    if (tenant === undefined) return fail("tenant_not_configured");
    if (now < times.notBefore - LEEWAY_SECONDS) return fail("evidence_not_yet_valid");
    return now < times.notAfter + LEEWAY_SECONDS ? ok(tenant) : fail("evidence_expired");
  }

  return {
    type: TYPE,
    evidence,
    parse: ({ signature }) => parseSignature(signature),
    precheck(parsed, { now }) {
      const admitted = admit(parsed, now);
      const namesKey = namesKeyByDigest(parsed.document.nonce);
      if (!admitted.ok) return namesKey ? refusedWithKey(admitted.error) : admitted;
      return ok(namesKey ? { name: TYPE, namesKey } : { name: TYPE });
    },
    async verify(parsed, { now, jkt }) {
      const { document, cms } = parsed;
      const tenant = admit(parsed, now);
      if (!tenant.ok) return tenant;
      const binding = await gradeDigestNonce(document.nonce, base, jkt, platform);
      if (!binding.ok) return binding;
      const signer = signerCertificate(cms);
      if (!signer.ok) return signer;
      const key = await platform.importPublicKey(signer.value.info);
      if (!key.ok) return key;
      const signed = await verifySignedData(cms, key.value, platform);
      if (!signed.ok) return signed;
      trust ??= openTrust(settings.trust);
      const trusted = await verifySigner(signer.value, cloud, trust, now, platform);
      if (!trusted.ok) return trusted;
      const { subscription, vmId, times, details } = document;
      return ok({
        type: TYPE,
        name: TYPE,
        claims: { ...details, cloud, tenant: tenant.value, subscription, vm_id: vmId },
        binding: binding.value,
        ...times,
        claimKey: await claimKey(deps, TYPE, [subscription, vmId]),
        generation: 0,
      });
    },
  };
}

function parseSignature(text: string): Result<ParsedImds> {
  if (text.length > MAX_CHARACTERS) return fail("evidence_too_large");
  const der = decodeBase64(text, { lineBreaks: true });
  if (!der.ok) return der;
  const cms = parseSignedData(der.value);
  if (!cms.ok) return cms;
  const json = parseJsonObject(cms.value.content);
  if (!json.ok) return json;
  const document = readAttestedDocument(json.value);
  return document.ok ? ok({ cms: cms.value, document: document.value }) : document;
}

function factor(subscriptions: readonly string[]): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      cloud: "string",
      tenant: "string",
      subscription: "string",
      vm_id: "string",
      sku: "string",
      license_type: "string",
      plan_publisher: "string",
      plan_product: "string",
      plan_name: "string",
    },
    spelling: { tenant: "lower", subscription: "lower", vm_id: "lower" },
    pins: [{ claim: "subscription", values: subscriptions }],
    bindings: ["key", "none"],
    defaultBinding: "key",
    joinable: ["vm_id", "subscription", "tenant"],
    instanceClaims: ["vm_id"],
    settings: [],
  };
}
