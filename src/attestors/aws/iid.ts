import * as z from "zod/mini";
import type { Claims, FactorInfo } from "../../attestation.ts";
import { decodeBase64 } from "../../encoding/base64.ts";
import { parseSignedData, type SignedData, verifySignedData } from "../../encoding/cms.ts";
import { type JsonObject, parseJsonObject } from "../../encoding/json.ts";
import type { PublicKey, SignatureScheme } from "../../encoding/primitives.ts";
import type { Platform } from "../../platform/platform.ts";
import { type Awaitable, fail, ok, type Result } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps, SettleDeps } from "../attestor.ts";
import { claimKey } from "../claim-key.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { accountField } from "./account.ts";
import { type InstanceDocument, readInstanceDocument, readScope } from "./document.ts";
import { type IidForm, type RegionKeys, regionTable } from "./region-table.ts";
import { extraRegions, regionKeys } from "./regions.ts";

const TYPE = "aws_iid";
/** Characters of base64; a document takes about 1500. */
const MAX_CHARACTERS = 16_384;
const PKCS1_SHA256: SignatureScheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const config = () =>
  z.strictObject({
    /** The AWS accounts whose instances are believed, 12 digits each, quoted in YAML. */
    accounts: z.array(accountField()).check(z.minLength(1)),
    /** Also take the `signature` form. One key of 1024 bits signs it for most regions, so it does not prove the region. */
    allow_rsa1024: z.optional(z.boolean()),
    regions: z.optional(extraRegions()),
    /** That another trust domain of this deployment lists the same account, too. */
    shared: z.optional(z.boolean()),
  });
type IidConfig = z.infer<ReturnType<typeof config>>;

/** A section whose regions have their keys. */
type IidSettings = Pick<IidConfig, "accounts" | "allow_rsa1024"> & { readonly keys: RegionKeys };

/** The members of each form; one has all of its own and none of the other's. */
export const EVIDENCE_FORMS = [
  ["type", "rsa2048"],
  ["type", "document", "signature"],
] as const;

const evidence = z
  .strictObject({
    type: z.literal(TYPE),
    rsa2048: z.optional(z.string()),
    document: z.optional(z.string()),
    signature: z.optional(z.string()),
  })
  .check(
    z.refine(
      (given) =>
        EVIDENCE_FORMS.some(
          (form) =>
            form.length === Object.keys(given).length &&
            form.every((name) => given[name] !== undefined),
        ),
      "needs rsa2048, or document and signature",
    ),
  );
type IidEvidence = z.infer<typeof evidence>;

/** Nothing in it is believed yet. `document` was read from the very bytes whose signature `verify` checks. */
type ParsedIid = { readonly document: JsonObject } & (
  | { readonly form: "rsa2048"; readonly cms: SignedData }
  | { readonly form: "rsa1024"; readonly bytes: Uint8Array; readonly signature: Uint8Array }
);

/**
 * EC2 instance identity documents. Signed once when the instance starts and valid for ever, for whoever holds a
 * copy: binding `none`, so that only a claim store, or a factor joined to it, makes it an identity.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
 */
export const awsIid: AttestorDefinition<IidConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: {
    accounts: ["000000000000"],
    regions: { "*": { partition: "aws", rsa2048: "data:," } },
  },
  factors: ({ accounts, allow_rsa1024 = false }) => [
    { ...factor(accounts), unproved: allow_rsa1024 ? ["region", "availability_zone"] : [] },
  ],
  settle,
  create: async (settings, deps) => openAwsIid(await settle(settings, deps), deps),
};

/** Regions keep no RSA-1024 key that could not be used. */
async function settle(
  { accounts, allow_rsa1024 = false, regions = {} }: IidConfig,
  deps: SettleDeps,
): Promise<IidSettings> {
  const forms: readonly IidForm[] = allow_rsa1024 ? ["rsa2048", "rsa1024"] : ["rsa2048"];
  return { accounts, allow_rsa1024, keys: await regionKeys(regions, forms, deps) };
}

function factor(accounts: readonly string[]): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      account: "string",
      partition: "string",
      region: "string",
      availability_zone: "string",
      instance_id: "string",
      instance_arn: "string",
      image_id: "string",
      instance_type: "string",
      architecture: "string",
      private_ip: "string",
      billing_products: "strings",
      marketplace_product_codes: "strings",
      pending_time: "number",
      form: "string",
    },
    pins: [{ claim: "account", values: accounts }],
    bindings: ["none"],
    defaultBinding: "none",
    joinable: ["instance_arn", "instance_id", "account"],
    instanceClaims: ["instance_arn", "instance_id"],
    settings: ["first_claim_within", "max_instance_age"],
  };
}

export async function openAwsIid(
  settings: IidSettings,
  deps: Pick<AttestorDeps, "platform" | "trustDomain">,
): Promise<Attestor<IidEvidence, ParsedIid>> {
  const regions = regionTable(settings.keys, deps.platform);
  const accounts = new Set(settings.accounts);

  /** Whose and where, as the document says: cheap enough to be tried before and after its signature. */
  function admit({ document, form }: ParsedIid): Result<{ region: string; partition: string }> {
    const scope = readScope(document);
    if (!scope.ok) return scope;
    const { account, region } = scope.value;
    const partition = regions.partition(region, form);
    if (partition === undefined) return fail("region_unknown");
    if (!accounts.has(account)) return fail("tenant_not_configured");
    return ok({ region, partition });
  }

  return {
    type: TYPE,
    evidence,
    parse({ rsa2048, document = "", signature = "" }) {
      if (rsa2048 !== undefined) return parseRsa2048(rsa2048);
      if (settings.allow_rsa1024 === true) return parseRsa1024(document, signature);
      return fail("algorithm_not_allowed", "allow_rsa1024 is not set");
    },
    precheck(parsed) {
      const admitted = admit(parsed);
      return admitted.ok ? ok({ name: TYPE }) : admitted;
    },
    async verify(parsed, context) {
      const admitted = admit(parsed);
      if (!admitted.ok) return admitted;
      const { region, partition } = admitted.value;
      const key = await regions.key(region, parsed.form);
      if (!key.ok) return key;
      const genuine = await verifySignature(parsed, key.value, deps.platform);
      if (!genuine.ok) return genuine;
      const read = readInstanceDocument(parsed.document);
      if (!read.ok) return read;
      const { account, instanceId, pendingTime } = read.value;
      if (pendingTime > context.now + LEEWAY_SECONDS)
        return fail("evidence_not_yet_valid", "pendingTime");
      return ok({
        type: TYPE,
        name: TYPE,
        claims: claimsOf(read.value, partition, parsed.form),
        binding: { kind: "none" },
        // The region is part of the key in both forms, so that neither opens a second first use.
        claimKey: await claimKey(deps, TYPE, [partition, account, region, instanceId]),
        generation: pendingTime,
        startedAt: pendingTime,
      });
    },
  };
}

function parseRsa2048(text: string): Result<ParsedIid> {
  if (text.length > MAX_CHARACTERS) return fail("evidence_too_large");
  const der = decodeBase64(text, { lineBreaks: true });
  if (!der.ok) return der;
  const cms = parseSignedData(der.value, { ber: true });
  if (!cms.ok) return cms;
  // EC2 always signs attributes and never sends certificates: a document that differs was not written by it.
  if (cms.value.attributes === undefined) return fail("cms_attributes", "none");
  if (cms.value.certificates.length > 0) return fail("cms_malformed", "certificates");
  const document = parseJsonObject(cms.value.content);
  return document.ok ? ok({ form: "rsa2048", cms: cms.value, document: document.value }) : document;
}

function parseRsa1024(documentText: string, signatureText: string): Result<ParsedIid> {
  if (documentText.length + signatureText.length > MAX_CHARACTERS)
    return fail("evidence_too_large");
  const bytes = decodeBase64(documentText, { lineBreaks: true });
  if (!bytes.ok) return bytes;
  const signature = decodeBase64(signatureText, { lineBreaks: true });
  if (!signature.ok) return signature;
  const document = parseJsonObject(bytes.value);
  if (!document.ok) return document;
  return ok({
    form: "rsa1024",
    bytes: bytes.value,
    signature: signature.value,
    document: document.value,
  });
}

function verifySignature(
  parsed: ParsedIid,
  key: PublicKey,
  platform: Platform,
): Awaitable<Result<void>> {
  if (parsed.form === "rsa2048") return verifySignedData(parsed.cms, key, platform);
  return verifyDetached(parsed.bytes, parsed.signature, key, platform);
}

async function verifyDetached(
  bytes: Uint8Array,
  signature: Uint8Array,
  key: PublicKey,
  platform: Platform,
): Promise<Result<void>> {
  const good = await platform.verify(PKCS1_SHA256, key, signature, bytes);
  return good ? ok(undefined) : fail("signature_invalid");
}

/**
 * What the form does not prove is not claimed: the key of `rsa1024` is that of many regions, so a rule that names
 * a region or zone never matches it. The ARN stays, since `deny` and joins go by it; its region is as good as its key.
 */
function claimsOf(document: InstanceDocument, partition: string, form: IidForm): Claims {
  const { account, region, instanceId, availabilityZone, pendingTime, details } = document;
  return {
    ...details,
    account,
    partition,
    ...(form === "rsa2048" && { region, availability_zone: availabilityZone }),
    instance_id: instanceId,
    instance_arn: `arn:${partition}:ec2:${region}:${account}:instance/${instanceId}`,
    pending_time: pendingTime,
    form,
  };
}
