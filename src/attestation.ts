/**
 * The vocabulary that attestors, policy and issuer share: what a piece of evidence proved, and what a configured
 * kind of evidence can prove. A new attestor describes itself in these words and policy never changes.
 */

/** The type, or `oidc.<entry>` where a type has entries: how rules and joins name a piece of evidence. */
export type EvidenceName = string;

export type ClaimValue = string | number | boolean | readonly string[];
/**
 * In place of a claim that is there in a form which nothing can be compared with (an object, a list not only of texts):
 * no rule matches it, and whoever is denied by this claim is refused, since it may hold what is denied.
 */
export const UNREAD: readonly string[] = [];
export type ClaimKind = "string" | "number" | "boolean" | "strings";
/** Without capital letters, or hex digits of lower case, two for each octet and nothing between them. */
export type Spelling = "lower" | "hex";
/** Flat and typed, named as in `docs/`: all that rules, joins and templates can see. Absent is absent, never "". */
export type Claims = Readonly<Record<string, ClaimValue>>;

export type BindingKind = "key" | "audience" | "none";
/**
 * How the evidence is tied to the requester's key, strongest first.
 * `key`: it carries S of that key. `audience`: it was made for us, for any key. `none`: a bearer document.
 */
export type Binding =
  | { readonly kind: "key"; readonly jkt: string }
  | { readonly kind: "audience" }
  | { readonly kind: "none" };

/** What is believed after a piece of evidence verified: only what was inside the bytes that verified. */
export interface Attestation {
  readonly type: string;
  readonly name: EvidenceName;
  readonly claims: Claims;
  readonly binding: Binding;
  /** Unix seconds as signed; acceptance reaches the leeway further at both ends. Absent where it never ends (`aws_iid`). */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Unix seconds beyond which no SVID issued on it may live: where the evidence is itself an identity, not a proof of place. */
  readonly svidNotAfter?: number;
  /** Lower-case hex SHA-256 of type, trust domain and signed identity; survives re-encoding of the envelope. */
  readonly claimKey: string;
  /** A later life of the same identity (`pendingTime` of `aws_iid`), else 0. */
  readonly generation: number;
  /** Where the evidence is itself an identity of a trust domain: the bundle that it was verified with. */
  readonly bundle?: BundleNote;
  /** Unix seconds at which the attested instance began, where the evidence says so: for `first_claim_within`, `max_instance_age`. */
  readonly startedAt?: number;
}

/** As the audit log has it. */
export interface BundleNote {
  readonly trust_domain: string;
  /** `spiffe_sequence`, whole. */
  readonly sequence?: string;
  /** Since the peer last said so; absent of our own bundle. */
  readonly age_seconds?: number;
}

/** Settings of a rule that only some evidence types understand. */
export type RuleSetting = "first_claim_within" | "max_instance_age" | "keys_per_token";

/** What a configured factor (`aws_iid`, `oidc.github`) offers to rules. */
export interface FactorInfo {
  readonly name: EvidenceName;
  readonly type: string;
  /** Claims that rules may match, join and use in templates. */
  readonly claims: Readonly<Record<string, ClaimKind>>;
  /** Those of `claims` that one form of the evidence does not prove and so has not, genuine as it is: no `deny` by one finds it. */
  readonly unproved?: readonly string[];
  /**
   * How some of `claims` are always spelt, whatever provider and tools make of them (Azure's portal, `openssl x509`). In
   * another spelling a matcher would match nothing, and an entry of `deny:` refuse nobody.
   */
  readonly spelling?: Readonly<Record<string, Spelling>>;
  /** Any other claim name is admitted too (plain `oidc`, whose claims are the issuer's own). */
  readonly open?: boolean;
  /** But for these, which are judged before any rule and never passed on. */
  readonly withheld?: readonly string[];
  /**
   * The claims that pin the customer behind the evidence. The first whose `when` holds for a rule applies to it.
   * Empty: names no customer, and counts only when joined to a factor that does.
   */
  readonly pins: readonly PinInfo[];
  /** All it can have; the first is the best. */
  readonly bindings: readonly BindingKind[];
  /** The least binding a rule takes unless it says otherwise. */
  readonly defaultBinding: BindingKind;
  /** Claims that name the instance, digest or account: a `join` needs one of these. */
  readonly joinable: readonly string[];
  /**
   * Those of `joinable` that name one instance. Class-`none` evidence joined by one to evidence that is bound to the
   * key needs no claim store; absent, it always does.
   */
  readonly instanceClaims?: readonly string[];
  /**
   * A public statement about what other evidence attests: whoever shows it proves nothing of himself. It is never
   * claimed, and counts only when joined to that evidence, as it is bound.
   */
  readonly statement?: true;
  /**
   * The claim that names the trust domain, where the evidence is itself an identity of one. Of our own it never stands
   * alone: an SVID could then renew itself for ever.
   */
  readonly identityOf?: string;
  readonly settings: readonly RuleSetting[];
  /** Those of `settings` without which a rule is an error. */
  readonly required?: readonly RuleSetting[];
}

export interface PinInfo {
  readonly claim: string;
  /** What `evidence:` lists. Undefined: the entry itself is the pin (`pin: issuer`), nothing to match. */
  readonly values?: readonly string[];
  /** Evidence of this kind names no customer, as if there were no pins: `claim` only says how the kind is stated. */
  readonly nobody?: true;
  /** `evidence:` lists no value (`pin: <claim>`), so each rule states its own, exactly. `values` is then empty. */
  readonly stated?: true;
  /** Applies where the rule matches `claim` with exactly `equals` (`kind: instance`). */
  readonly when?: { readonly claim: string; readonly equals: string };
}
