import * as z from "zod/mini";
import type { FactorInfo, PinInfo } from "../../attestation.ts";
import { decodeBase64 } from "../../encoding/base64.ts";
import type { JsonObject, JsonValue } from "../../encoding/json.ts";
import type { Jws } from "../../encoding/jws.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { parseJwk } from "../../encoding/public-key.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseCertificate } from "../../svid/certificate.ts";
import type { AttestContext, Attestor, AttestorDefinition, AttestorDeps } from "../attestor.ts";
import { refusedWithKey } from "../binding.ts";
import { audienceField, jwksField, lifetimeField } from "../config-fields.ts";
import { openKeys } from "../jwks.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { tokenAttestor, type TokenProfile } from "../token.ts";
import { gradeClientNonce, readMaaToken } from "./maa-claims.ts";

const TYPE = "azure_maa";
/** The service gives eight hours; and a minute. */
const LIFETIME_SECONDS = 8 * 3600 + LEEWAY_SECONDS;
/** The service publishes the certificates of all its signers. */
const MAX_KEY_SET_BYTES = 256 * 1024;

const providerList = () =>
  z
    .array(
      z
        .string()
        .check(
          z.regex(
            /^https:\/\/(?:[a-z0-9-]+\.)+attest\.azure\.(?:net|us|cn)$/,
            "expected the URL of a provider: https://<name>.<region>.attest.azure.net, without a path",
          ),
        ),
    )
    .check(z.minLength(1));

const config = () =>
  z
    .strictObject({
      /** Providers that attest anybody's machine: such a token names no customer, and a rule joins it. */
      providers: z.optional(providerList()),
      /** Providers that attest the operator's own machines only, by their policy or their network. */
      private_providers: z.optional(providerList()),
      audience: z.optional(audienceField()),
      /** By provider, in place of its own. */
      jwks: z.optional(z.record(z.string(), jwksField())),
      max_lifetime: z.optional(lifetimeField(8 * 3600)),
      /** That another trust domain of this deployment believes the same providers without a nonce, too. */
      shared: z.optional(z.boolean()),
    })
    .check(
      z.refine((section) => issuersOf(section).length > 0, {
        error: "providers or private_providers is required: what is not named is not accepted",
      }),
      z.refine((section) => new Set(issuersOf(section)).size === issuersOf(section).length, {
        error: "a provider stands twice",
      }),
      z.refine(
        ({ private_providers: own = [] }) => !own.some((url) => url.startsWith("https://shared")),
        {
          path: ["private_providers"],
          error:
            "Microsoft's shared providers attest everybody's machines: list them under providers",
        },
      ),
      z.refine(
        (section) =>
          Object.keys(section.jwks ?? {}).every((url) => issuersOf(section).includes(url)),
        {
          path: ["jwks"],
          error: "names a provider that is not listed",
        },
      ),
    );
type MaaConfig = z.infer<ReturnType<typeof config>>;

interface Providers {
  readonly providers?: readonly string[] | undefined;
  readonly private_providers?: readonly string[] | undefined;
}

function issuersOf({ providers = [], private_providers: own = [] }: Providers): readonly string[] {
  return [...providers, ...own];
}

const evidence = z.strictObject({ type: z.literal(TYPE), token: z.string() });

/**
 * Tokens of Microsoft Azure Attestation for confidential virtual machines. They have no audience: S is the nonce of the
 * client's payload, which the machine's TPM signed.
 * @see https://learn.microsoft.com/azure/confidential-computing/guest-attestation-confidential-vms
 */
export const azureMaa: AttestorDefinition<MaaConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { providers: ["https://invalid.invalid.attest.azure.net"] },
  factors: (settings) => [factor(settings)],
  create: openAzureMaa,
};

export async function openAzureMaa(settings: MaaConfig, deps: AttestorDeps): Promise<Attestor> {
  const base = settings.audience ?? deps.issuer;
  const own = new Set(settings.private_providers);
  const profiles = new Map<string, TokenProfile>();
  for (const issuer of issuersOf(settings)) {
    // Where the token says that its keys are (`jku`) is not looked at: anybody can run a server.
    const jwks = settings.jwks?.[issuer] ?? `${issuer}/certs`;
    // oxlint-disable-next-line no-await-in-loop -- at start, and a URL is not fetched here
    const keys = await openKeys(jwks, deps, {
      maxBytes: MAX_KEY_SET_BYTES,
      readKey,
      readBy: TYPE,
      path: ["jwks", issuer],
    });
    profiles.set(issuer, {
      name: TYPE,
      issuer,
      algorithms: ["RS256"],
      keys,
      maxLifetimeSeconds: settings.max_lifetime ?? LIFETIME_SECONDS,
      judgeAudience(aud: JsonValue | undefined, claims: JsonObject) {
        if (aud !== undefined) return fail("audience_mismatch", "a token of this kind has none");
        return gradeClientNonce(claims, base);
      },
      readClaims({ claims }: Jws) {
        const read = readMaaToken(claims);
        const kind = own.has(issuer) ? "private" : "shared";
        return read.ok ? ok({ kind, provider: issuer, ...read.value }) : read;
      },
    });
  }
  const attestor = tokenAttestor({
    type: TYPE,
    evidence,
    platform: deps.platform,
    trustDomain: deps.trustDomain,
    selectProfile(issuer) {
      const profile = profiles.get(issuer);
      return profile ? ok(profile) : fail("issuer_not_configured");
    },
  });
  return {
    ...attestor,
    async precheck(parsed: Parameters<typeof attestor.precheck>[0], context: AttestContext) {
      const checked = await attestor.precheck(parsed, context);
      const graded = gradeClientNonce(parsed.jws.claims, base);
      return checked.ok || (graded.ok && graded.value.kind === "none")
        ? checked
        : refusedWithKey(checked.error);
    },
  };
}

/**
 * Members of the service's key set may have a certificate and no key beside it. It is believed for where the set came
 * from, as any member is; its dates and who signed it, which is itself, say nothing.
 */
function readKey(jwk: JsonObject): Result<PublicKeyInfo> {
  const { n, x5c } = jwk;
  if (n !== undefined || !Array.isArray(x5c)) return parseJwk(jwk);
  const [first] = x5c;
  const der = typeof first === "string" ? decodeBase64(first) : fail("key_malformed", "x5c");
  if (!der.ok) return der;
  const certificate = parseCertificate(der.value);
  return certificate.ok ? ok(certificate.value.info) : certificate;
}

function factor({ providers, private_providers: own }: MaaConfig): FactorInfo {
  const pins: PinInfo[] = [];
  if (own)
    pins.push({ claim: "provider", values: own, when: { claim: "kind", equals: "private" } });
  if (providers)
    pins.push({ claim: "kind", when: { claim: "kind", equals: "shared" }, nobody: true });
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      kind: "string",
      provider: "string",
      tee: "string",
      vm_id: "string",
      policy_hash: "string",
      launch_measurement: "string",
      secure_boot: "boolean",
    },
    spelling: { vm_id: "lower" },
    pins,
    bindings: ["key", "none"],
    defaultBinding: "key",
    joinable: ["vm_id", "launch_measurement"],
    instanceClaims: ["vm_id"],
    settings: [],
  };
}
