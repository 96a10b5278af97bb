import type * as z from "zod/mini";
import type { Attestation, Binding, Claims, EvidenceName } from "../attestation.ts";
import { whenReady } from "../encoding/awaitable.ts";
import type { JsonObject, JsonValue } from "../encoding/json.ts";
import { parseJws, verifyJws, type Jws } from "../encoding/jws.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Awaitable, type Result } from "../result.ts";
import type { AttestContext, Attestor, Precheck, PrecheckRefusal } from "./attestor.ts";
import { checkBinding, KEY_MARK, refusedWithKey, singleAudience } from "./binding.ts";
import { claimKey } from "./claim-key.ts";
import type { KeySource } from "./key-set.ts";
import { checkTimes, type TimeBounds } from "./times.ts";

/** One issuer of tokens, as configured: all that decides whether a token of its `iss` is believed. */
export interface TokenProfile {
  readonly name: EvidenceName;
  /** Compared whole with `iss`; a trailing slash counts. */
  readonly issuer: string;
  /** The only values of `alg`; what is no asymmetric signature never gets so far. */
  readonly algorithms: readonly string[];
  /** Where its keys come from. No other profile's keys are ever tried. */
  readonly keys: KeySource;
  readonly maxLifetimeSeconds: number;
  /**
   * The key of a token that brings its certificates (`x5c`), for providers that specify a root to hold them against;
   * absent, the header is not looked at. Called once all else is right.
   */
  certifiedKey?(x5c: JsonValue, now: number): Awaitable<Result<PublicKey>>;
  /** @param claims where the provider binds by something else than an audience */
  judgeAudience(aud: JsonValue | undefined, claims: JsonObject): Result<Binding>;
  /** Tenant, kind of token and typed claims, from this token alone. Called on tokens not yet verified, too: no I/O. */
  readClaims(jws: Jws): Result<Claims>;
  /** What the claim key is made of, where it is not the signing input. */
  identity?(claims: Claims): readonly string[];
}

export interface TokenEvidence {
  readonly type: string;
  readonly token: string;
}

export interface TokenAttestorOptions<E extends TokenEvidence> {
  readonly type: string;
  readonly evidence: z.ZodMiniType<E>;
  readonly platform: Platform;
  readonly trustDomain: string;
  /** @param issuer the `iss` that the token claims: it may only choose among what is configured */
  selectProfile(issuer: string, evidence: E): Result<TokenProfile>;
}

interface ParsedToken<E> {
  readonly evidence: E;
  readonly jws: Jws;
  latest?: { readonly now: number; readonly result: Result<Examined> };
}

interface Examined {
  readonly profile: TokenProfile;
  readonly findKey: (now: number) => Awaitable<Result<PublicKey>>;
  readonly binding: Binding;
  readonly times: TimeBounds;
  readonly claims: Claims;
}

/**
 * The one verifier of evidence that is a JWT. Everything that needs no key comes first, so that a token that cannot
 * be right costs no fetch; only then keys, and the signature. What a provider adds stands in its profiles.
 */
export function tokenAttestor<E extends TokenEvidence>(
  options: TokenAttestorOptions<E>,
): Attestor<E, ParsedToken<E>> {
  return {
    type: options.type,
    evidence: options.evidence,
    parse(evidence) {
      const jws = parseJws(evidence.token);
      return jws.ok ? ok({ evidence, jws: jws.value }) : jws;
    },
    precheck(parsed, context): Result<Precheck, PrecheckRefusal> {
      const examined = examineOnce(options, parsed, context);
      if (!examined.ok)
        return singleAudience(parsed.jws.claims.aud)?.includes(KEY_MARK)
          ? refusedWithKey(examined.error)
          : examined;
      const { profile, binding } = examined.value;
      return ok(
        binding.kind === "key" ? { name: profile.name, jkt: binding.jkt } : { name: profile.name },
      );
    },
    verify(parsed, context): Awaitable<Result<Attestation>> {
      const examined = examineOnce(options, parsed, context);
      if (!examined.ok) return examined;
      const { profile, findKey, binding, times, claims } = examined.value;
      const bound = checkBinding(binding, context.jkt);
      if (!bound.ok) return bound;
      const { jws } = parsed;
      const { type } = options;
      const attest = (): Awaitable<Result<Attestation>> =>
        whenReady(
          claimKey(options, type, profile.identity?.(claims) ?? [jws.signingInput]),
          (claim) => {
            const { name } = profile;
            const { notBefore, notAfter } = times;
            return ok({
              type,
              name,
              claims,
              binding,
              notBefore,
              notAfter,
              claimKey: claim,
              generation: 0,
            });
          },
        );
      return whenReady(findKey(context.now), (key) => {
        if (!key.ok) return key;
        return whenReady(verifyJws(jws, key.value, options.platform), (genuine) =>
          genuine.ok ? attest() : genuine,
        );
      });
    },
  };
}

/** The same bytes, configuration and clock reading give the same answer: what precheck found, verify need not find again. */
function examineOnce<E extends TokenEvidence>(
  options: TokenAttestorOptions<E>,
  parsed: ParsedToken<E>,
  context: AttestContext,
): Result<Examined> {
  const { latest } = parsed;
  if (latest?.now === context.now) return latest.result;
  const result = examine(options, parsed, context);
  parsed.latest = { now: context.now, result };
  return result;
}

/** All that the token's own bytes and the configuration can decide. The structure read is that of the signed bytes. */
function examine<E extends TokenEvidence>(
  options: TokenAttestorOptions<E>,
  { evidence, jws }: ParsedToken<E>,
  context: AttestContext,
): Result<Examined> {
  const { typ, alg, claims } = jws;
  if (typ !== undefined && typ !== "JWT") return fail("jws_type");
  if (typeof claims.iss !== "string") return fail("claim_missing", "iss");
  const selected = options.selectProfile(claims.iss, evidence);
  if (!selected.ok) return selected;
  const profile = selected.value;
  if (claims.iss !== profile.issuer) return fail("issuer_not_configured");
  if (!profile.algorithms.includes(alg)) return fail("algorithm_not_allowed");
  const findKey = keyFinder(profile, jws);
  if (findKey === undefined) return fail("key_unknown", "the token names no key");
  const binding = profile.judgeAudience(claims.aud, claims);
  if (!binding.ok) return binding;
  const times = checkTimes(claims, context.now, profile.maxLifetimeSeconds);
  if (!times.ok) return times;
  const read = profile.readClaims(jws);
  if (!read.ok) return read;
  return ok({ profile, findKey, binding: binding.value, times: times.value, claims: read.value });
}

/** @returns undefined where the token does not say which key it means */
function keyFinder(
  profile: TokenProfile,
  { header, kid, alg }: Jws,
): Examined["findKey"] | undefined {
  const { x5c } = header;
  if (x5c !== undefined && profile.certifiedKey !== undefined)
    return (now) => profile.certifiedKey?.(x5c, now) ?? fail("key_unknown");
  if (kid === undefined || kid === "") return undefined;
  return (now) => profile.keys.find(kid, alg, now);
}
