import * as z from "zod/mini";
import type { Attestation, Binding, FactorInfo, PinInfo } from "../../attestation.ts";
import { decodeBase64 } from "../../encoding/base64.ts";
import { utf8Decode } from "../../encoding/bytes.ts";
import { parseCoseSign1, verifyCoseSign1, type CoseSign1 } from "../../encoding/cose.ts";
import { fail, ok, type Result } from "../../result.ts";
import type {
  AttestContext,
  Attestor,
  AttestorDefinition,
  AttestorDeps,
  SettleDeps,
} from "../attestor.ts";
import { checkBinding, gradeNonce, KEY_MARK, refusedWithKey } from "../binding.ts";
import { claimKey } from "../claim-key.ts";
import { audienceField, lifetimeField } from "../config-fields.ts";
import { openRoot, rootField, settleRoot } from "../pinned-root.ts";
import { LEEWAY_SECONDS } from "../times.ts";
import { certifyNitro } from "./nitro-chain.ts";
import {
  MAX_REGISTERS,
  readNitroDocument,
  type NitroDocument,
  type NitroKind,
} from "./nitro-document.ts";
import { NITRO_ROOT } from "./nitro-root.ts";

const TYPE = "aws_nitro";
/** Characters of base64; a document takes about 6000. */
const MAX_CHARACTERS = 16_384;
const MAX_AGE_SECONDS = 3600;

/** Zeros would pin whoever has no role, or no signature. */
const register = () =>
  z
    .array(
      z
        .string()
        .check(
          z.regex(/^(?!0+$)[0-9a-f]{96}$/, "expected 96 lower-case hex digits, not all zeros"),
        ),
    )
    .check(z.minLength(1));

interface KindSettings {
  readonly pcr3?: readonly string[] | undefined;
  readonly pcr8?: readonly string[] | undefined;
  readonly nitrotpm?: boolean | undefined;
  readonly anonymous_enclaves?: boolean | undefined;
  readonly allow_debug?: boolean | undefined;
}

const config = () =>
  z
    .strictObject({
      /** PCR3 of enclaves that are believed: their parent instance's IAM role. */
      pcr3: z.optional(register()),
      /** PCR8 of enclaves that are believed: the certificate that signed their image. */
      pcr8: z.optional(register()),
      /** Also take NitroTPM documents. They name no customer: a rule joins them to evidence that does. */
      nitrotpm: z.optional(z.boolean()),
      /** Also take enclaves whose PCR3 and PCR8 are zero. They name no customer either. */
      anonymous_enclaves: z.optional(z.boolean()),
      /** Also take enclaves in debug mode, as a kind of their own. For trials. */
      allow_debug: z.optional(z.boolean()),
      audience: z.optional(audienceField()),
      /** How old a document may be; its certificate lives three hours. */
      max_lifetime: z.optional(lifetimeField(10_800)),
      root: z.optional(rootField()),
      /** That another trust domain of this deployment believes the same registers without a nonce, too. */
      shared: z.optional(z.boolean()),
    })
    .check(
      z.refine((section) => kindsOf(section).length > 0, {
        error:
          "pcr3, pcr8, nitrotpm or anonymous_enclaves is required: what is not named is not accepted",
      }),
    );
type NitroConfig = z.infer<ReturnType<typeof config>>;

const evidence = z.strictObject({ type: z.literal(TYPE), document: z.string() });

interface ParsedNitro {
  readonly cose: CoseSign1;
  /** Read from the very bytes whose signature `verify` checks. */
  readonly document: NitroDocument;
}

/**
 * Attestation documents of Nitro Enclaves and of NitroTPM. The key is bound by S in `nonce`; what the workload put into
 * `public_key` and `user_data` was meant for others.
 * @see https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html
 */
export const awsNitro: AttestorDefinition<NitroConfig> = {
  type: TYPE,
  evidence,
  config,
  standIns: { nitrotpm: true },
  factors: (settings) => [factor(settings)],
  settle,
  create: async (settings, deps) => openAwsNitro(await settle(settings, deps), deps),
};

async function settle(settings: NitroConfig, deps: SettleDeps): Promise<NitroSettings> {
  return { ...settings, root: await settleRoot(settings.root, NITRO_ROOT, deps) };
}

type NitroSettings = NitroConfig & { readonly root: string };

export async function openAwsNitro(
  settings: NitroSettings,
  deps: AttestorDeps,
): Promise<Attestor<z.infer<typeof evidence>, ParsedNitro>> {
  const base = settings.audience ?? deps.issuer;
  const maxAge = settings.max_lifetime ?? MAX_AGE_SECONDS;
  const root = openRoot(settings.root, deps);
  const kinds: ReadonlySet<NitroKind> = new Set(kindsOf(settings));

  /** All that the document and the configuration can decide without a key. */
  function examine({ document }: ParsedNitro, { now }: AttestContext): Result<Binding> {
    const { kind, timestamp, measurements, nonce } = document;
    if (kind === "enclave_debug" && !kinds.has(kind)) return fail("debug_mode");
    const { pcr3, pcr8 } = measurements;
    const pinned =
      NOBODY.has(kind) ||
      (pcr3 !== undefined && settings.pcr3?.includes(pcr3) === true) ||
      (pcr8 !== undefined && settings.pcr8?.includes(pcr8) === true);
    if (!kinds.has(kind) || !pinned) return fail("tenant_not_configured", kind);
    if (now < timestamp - LEEWAY_SECONDS) return fail("evidence_not_yet_valid", "timestamp");
    if (now >= timestamp + maxAge + LEEWAY_SECONDS) return fail("evidence_expired", "timestamp");
    return gradeNonce(textOf(nonce), base);
  }

  return {
    type: TYPE,
    evidence,
    parse(given) {
      if (given.document.length > MAX_CHARACTERS) return fail("evidence_too_large");
      const bytes = decodeBase64(given.document);
      if (!bytes.ok) return bytes;
      const cose = parseCoseSign1(bytes.value);
      if (!cose.ok) return cose;
      const document = readNitroDocument(cose.value.payload);
      return document.ok ? ok({ cose: cose.value, document: document.value }) : document;
    },
    precheck(parsed, context) {
      const binding = examine(parsed, context);
      if (!binding.ok)
        return textOf(parsed.document.nonce).includes(KEY_MARK)
          ? refusedWithKey(binding.error)
          : binding;
      return ok(
        binding.value.kind === "key" ? { name: TYPE, jkt: binding.value.jkt } : { name: TYPE },
      );
    },
    async verify(parsed, context): Promise<Result<Attestation>> {
      const binding = examine(parsed, context);
      if (!binding.ok) return binding;
      const bound = checkBinding(binding.value, context.jkt);
      if (!bound.ok) return bound;
      const { cose, document } = parsed;
      // Our clock may be behind: the certificates were made a moment before the document.
      const at = Math.max(context.now, document.timestamp);
      const certified = await certifyNitro(document, root, at, deps.platform);
      if (!certified.ok) return certified;
      const { key, notAfter, region } = certified.value;
      const genuine = await verifyCoseSign1(cose, key, deps.platform);
      if (!genuine.ok) return genuine;
      const { kind, moduleId, instanceId, timestamp, measurements } = document;
      return ok({
        type: TYPE,
        name: TYPE,
        claims: {
          kind,
          module_id: moduleId,
          instance_id: instanceId,
          ...(region !== undefined && { region }),
          ...measurements,
        },
        binding: binding.value,
        notBefore: timestamp,
        notAfter: Math.min(notAfter, timestamp + maxAge),
        claimKey: await claimKey(deps, TYPE, [cose.payload]),
        generation: 0,
      });
    },
  };
}

function kindsOf(settings: KindSettings): readonly NitroKind[] {
  const pinned = settings.pcr3 !== undefined || settings.pcr8 !== undefined;
  const kinds: readonly (readonly [NitroKind, boolean | undefined])[] = [
    ["enclave", pinned],
    ["enclave_debug", pinned && settings.allow_debug],
    ["enclave_anonymous", settings.anonymous_enclaves],
    ["nitrotpm", settings.nitrotpm],
  ];
  return kinds.flatMap(([kind, on]) => (on === true ? [kind] : []));
}

/** Of these a rule counts only when it joins them to evidence that names a customer. */
const NOBODY: ReadonlySet<NitroKind> = new Set<NitroKind>(["enclave_anonymous", "nitrotpm"]);

/** Where more than one kind is configured a rule states which it means: debug mode is never matched by silence. */
function factor(settings: NitroConfig): FactorInfo {
  const pins = kindsOf(settings).flatMap((kind): PinInfo[] => {
    const when = { claim: "kind", equals: kind };
    if (NOBODY.has(kind)) return [{ claim: "kind", when, nobody: true }];
    return (["pcr3", "pcr8"] as const).flatMap((claim) => {
      const values = settings[claim];
      return values === undefined ? [] : [{ claim, values, when }];
    });
  });
  const registers = Array.from({ length: MAX_REGISTERS }, (_, index) => `pcr${index}`);
  return {
    name: TYPE,
    type: TYPE,
    claims: {
      kind: "string",
      module_id: "string",
      instance_id: "string",
      region: "string",
      ...Object.fromEntries(registers.map((name) => [name, "string" as const])),
    },
    spelling: Object.fromEntries(registers.map((name) => [name, "hex" as const])),
    pins,
    bindings: ["key", "none"],
    defaultBinding: "key",
    joinable: ["instance_id", "pcr0", "pcr3", "pcr8"],
    instanceClaims: ["instance_id"],
    settings: [],
  };
}

function textOf(nonce: Uint8Array | undefined): string {
  return (nonce && utf8Decode(nonce)) ?? "";
}
