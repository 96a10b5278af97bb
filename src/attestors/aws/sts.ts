import * as z from "zod/mini";
import type { Binding, FactorInfo } from "../../attestation.ts";
import { type SignedParts, stsHost } from "../../platform/caller-identity.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { boundAudience } from "../binding.ts";
import { claimKey } from "../claim-key.ts";
import { audienceField } from "../config-fields.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { parseUtcTime } from "../utc-time.ts";
import { accountField } from "./account.ts";
import { readCaller } from "./caller.ts";
import { partitionOf } from "./partitions.ts";
import { StsClient } from "./sts-client.ts";

const TYPE = "aws_sts";
/** STS takes a signature for 15 minutes; the leeway is the last of them. */
const LIFETIME_SECONDS = 900 - LEEWAY_SECONDS;
const MAX_TOKEN_CHARACTERS = 8192;

const config = () =>
  z.strictObject({
    /** The AWS accounts whose roles are believed, 12 digits each, quoted in YAML. */
    accounts: z.array(accountField()).check(z.minLength(1)),
    /** Ask only endpoints with validated cryptography: those of the United States. Clients sign for them, too. */
    fips: z.optional(z.boolean()),
    audience: z.optional(audienceField()),
  });
type StsConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({
  type: z.literal(TYPE),
  region: z.string(),
  access_key_id: z.string(),
  session_token: z.string(),
  amz_date: z.string(),
  signature: z.string(),
});
type StsEvidence = z.infer<typeof evidence>;

/** Parts of a shape that can be put into a request and change nothing else of it. None of it is believed. */
interface ParsedSts extends SignedParts {
  /** Unix seconds, of `amzDate`. */
  readonly signedAt: number;
}

/**
 * A signed `sts:GetCallerIdentity`. The client sends the parts of its signature; the request itself is built here, and
 * STS says who signed it: for anybody who has credentials of a role, at the price of a call.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export const awsSts: AttestorDefinition<StsConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { accounts: ["000000000000"] },
  factors: ({ accounts }) => [factor(accounts)],
  create: openAwsSts,
};

export async function openAwsSts(
  settings: StsConfig,
  deps: AttestorDeps,
): Promise<Attestor<StsEvidence, ParsedSts>> {
  const base = settings.audience ?? deps.issuer;
  const accounts = new Set(settings.accounts);
  const client = new StsClient(deps.platform);
  // A header's value has no other characters, and signers fold its spaces.
  if (!/^[!-~]+$/.test(base))
    deps.report({
      path: ["audience"],
      severity: "error",
      message: "expected visible ASCII: it is a header's value",
    });

  function admit(parsed: ParsedSts, now: number): Result<{ host: string; partition: string }> {
    const { region, signedAt } = parsed;
    const partition = partitionOf(region);
    const host = stsHost(region, settings.fips);
    if (partition === undefined || host === undefined) return fail("region_unknown");
    if (signedAt > now + LEEWAY_SECONDS) return fail("evidence_not_yet_valid", "amz_date");
    if (signedAt + LIFETIME_SECONDS + LEEWAY_SECONDS <= now)
      return fail("evidence_expired", "amz_date");
    return ok({ host, partition });
  }

  return {
    type: TYPE,
    evidence,
    parse: parseParts,
    precheck(parsed, { now }) {
      const admitted = admit(parsed, now);
      return admitted.ok ? ok({ name: TYPE }) : admitted;
    },
    async verify(parsed, { now, jkt }) {
      const admitted = admit(parsed, now);
      if (!admitted.ok) return admitted;
      // The parts do not say what they were signed for. We do: for the key that was proved, or for no key where none
      // was. Had they been signed for anything else, the signature is not that of the request that STS sees.
      const binding: Binding = jkt === undefined ? { kind: "audience" } : { kind: "key", jkt };
      const signedFor = jkt === undefined ? base : boundAudience(base, jkt);
      const { region, accessKeyId, sessionToken, amzDate, signedAt } = parsed;
      const key = await claimKey(deps, TYPE, [
        region,
        accessKeyId,
        sessionToken,
        amzDate,
        signedFor,
      ]);
      const { host, partition } = admitted.value;
      const caller = await client.ask({ parts: parsed, host, signedFor, key, now });
      if (!caller.ok) return caller;
      const claims = readCaller(caller.value, partition);
      if (!claims.ok) return claims;
      if (!accounts.has(caller.value.account)) return fail("tenant_not_configured");
      return ok({
        type: TYPE,
        name: TYPE,
        claims: claims.value,
        binding,
        notBefore: signedAt,
        notAfter: signedAt + LIFETIME_SECONDS,
        claimKey: key,
        generation: 0,
      });
    },
  };
}

/** Each part by its own narrow alphabet: none can end a header, or add to one. */
function parseParts(given: StsEvidence): Result<ParsedSts> {
  const { region, access_key_id, session_token, amz_date, signature } = given;
  if (session_token.length > MAX_TOKEN_CHARACTERS || access_key_id.length > 128)
    return fail("evidence_too_large");
  if (/^AKIA[A-Z0-9]{12,}$/.test(access_key_id))
    return fail("not_a_workload", "an access key of a user");
  if (!/^ASIA[A-Z0-9]{12,}$/.test(access_key_id))
    return fail("evidence_malformed", "access_key_id");
  if (!/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(session_token))
    return fail("evidence_malformed", "session_token");
  if (!/^[0-9a-f]{64}$/.test(signature)) return fail("evidence_malformed", "signature");
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amz_date) ?? [];
  const signedAt = parseUtcTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (signedAt === undefined) return fail("evidence_malformed", "amz_date");
  const [accessKeyId, sessionToken, amzDate] = [access_key_id, session_token, amz_date];
  return ok({ region, accessKeyId, sessionToken, amzDate, signature, signedAt });
}

function factor(accounts: readonly string[]): FactorInfo {
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      account: "string",
      partition: "string",
      role_name: "string",
      role_id: "string",
      session_name: "string",
    },
    pins: [{ claim: "account", values: accounts }],
    bindings: ["key", "audience"],
    defaultBinding: "key",
    joinable: ["account"],
    settings: [],
  };
}
