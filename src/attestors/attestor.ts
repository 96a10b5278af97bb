import type * as z from "zod/mini";
import type { Attestation, EvidenceName, FactorInfo } from "../attestation.ts";
import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import type { Keep } from "../kept.ts";
import type { Platform } from "../platform/platform.ts";
import type { Awaitable, Failure, Result } from "../result.ts";
import type { BundleSource } from "../svid/bundle-verifier.ts";

export interface AttestContext {
  /** Unix seconds; one reading a request. */
  readonly now: number;
  /** RFC 7638 thumbprint of the key whose possession was proved, base64url; absent where none was. */
  readonly jkt?: string;
}

/**
 * Verifies one evidence type. Built once from configuration; holds no request state.
 * The issuer proves possession of the requester's key between `precheck` and `verify`.
 */
export interface Attestor<E = unknown, P = unknown> {
  readonly type: string;
  /** The members of its `evidence` object, `type` included; unknown ones are refused. */
  readonly evidence: z.ZodMiniType<E>;
  /** Bytes to structure, no trust. */
  parse(evidence: E): Result<P>;
  /**
   * Unverified, no I/O: algorithm, issuer, tenant, audience, time, and which key the evidence names.
   * A request that fails here causes no outbound call.
   */
  precheck(parsed: P, context: AttestContext): Awaitable<Result<Precheck, PrecheckRefusal>>;
  /** Cryptography, then typed claims. @throws only when the world is broken, never for bad evidence. */
  verify(parsed: P, context: AttestContext): Awaitable<Result<Attestation>>;
}

export interface Precheck {
  readonly name: EvidenceName;
  /** The key that the evidence names: it is good for that key or for nothing. */
  readonly jkt?: string;
  /** It names a key by a digest of its S alone: which one, only `verify` can tell, to which the proved key is told. */
  readonly namesKey?: true;
}

/** Possession is asked for as if it had passed, so that it cannot be told from evidence of a tenant of ours. */
export type PrecheckRefusal = Failure & { readonly jkt?: undefined; readonly namesKey?: true };

/** Bundles of trust domains as we hold them now, ours among them. Keys of two trust domains are never merged. */
export interface Bundles extends BundleSource {
  /** Whether it is ours or a configured peer's; known while attestors are made. */
  has(trustDomain: string): boolean;
  /** Asked when evidence is verified, never while attestors are made: our own keys are read after them. */
  find: BundleSource["find"];
}

export interface AttestorDeps {
  readonly platform: Platform;
  readonly bundles: Bundles;
  readonly trustDomain: string;
  /** References to the CA certificates that `keys:` names: what no evidence may rest upon. */
  readonly ownAuthorities?: readonly string[];
  /** The issuer URL: the base of S and of audiences where the attestor's configuration names no `audience`. */
  readonly issuer: string;
  readonly read: ReadResource;
  /**
   * For published keys that are fetched: by all entries of one issuer together, since it is asked once in 30 s, and by the
   * next configuration. Absent: each for itself.
   */
  readonly keep?: Keep;
  /** Where an attestor reports what is wrong with its section; paths are relative to the section. */
  readonly report: (issue: ConfigIssue) => void;
}

/** What it takes to read what a section refers to. */
export type SettleDeps = Pick<AttestorDeps, "platform" | "read" | "report">;

/** One line in `registry.ts`: all that the rest of svidmint knows of an evidence type. */
export interface AttestorDefinition<C = unknown> {
  readonly type: string;
  /** Runs on Node alone: no Worker can be given it. */
  readonly nodeOnly?: true;
  /** As its attestors have it: for the published contract. */
  readonly evidence: z.ZodMiniType;
  /** Its section under `evidence:` in the configuration; unknown keys are errors. A function: made where it is used. */
  config(): z.ZodMiniType<C>;
  /**
   * Members of a section, by their names or `*` for any, in place of wrong ones which the rest cannot be read without: so
   * that its other mistakes need not wait. Nothing is made of them.
   */
  readonly standIns?: object;
  /** What rules may say of it. Pure: `policy check` needs no keys. */
  factors(config: C): readonly FactorInfo[];
  /** What the `OpenAttestor` of this type takes, where that is not the section itself. */
  settle?(config: C, deps: SettleDeps): Promise<unknown>;
  create(config: C, deps: AttestorDeps): Promise<Attestor>;
}

/**
 * The run-time half: builds an attestor from a section that was checked and settled, plain JSON all of it. It stands
 * apart from the definition, so that a bundle which reads only compiled configurations holds no schema of one.
 */
export type OpenAttestor = AttestorDefinition["create"];
