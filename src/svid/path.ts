import type { CryptoPrimitives, PublicKey } from "../encoding/primitives.ts";
import { equalBytes } from "../encoding/bytes.ts";
import { fail, ok, type Result } from "../result.ts";
import { isSelfIssued, isSignedBy, type Certificate } from "./certificate.ts";
import { NameConstraintState, type ComparisonBudget } from "./name-constraints.ts";
import { issuerProblem, leafProblem, type PathRules } from "./path-rules.ts";

export interface PathOptions extends PathRules {
  /**
   * How many public-key operations one search may cost; 100 unless told. Whoever sends certificates that sign each
   * other decides how many paths there are, so that the work has a limit of its own beside the depth.
   */
  readonly maxSignatureChecks?: number;
}

/** The longest path looked at, self-issued certificates included: leaf, eight intermediates, anchor. */
const MAX_PATH = 10;
const MAX_SIGNATURE_CHECKS = 100;
/** Issuers considered in one search. Verified signatures are remembered, so that this bounds cycles, not chains. */
const MAX_STEPS = 1_000;
/** Names times constraints; both are the sender's. */
const MAX_COMPARISONS = 20_000;

/**
 * RFC 5280 §6 without policies and revocation: finds a path from the leaf to one of the anchors whose every signature
 * and every rule holds. Issuers are found by name; key identifiers only say which to try first. All alternatives are
 * tried (cross-signed CAs, renewed CAs of one name) within limits.
 *
 * Trust anchors are taken as they stand, roots or not: who signed them does not matter, but what they say about
 * themselves does: a CA within its validity, its path length, purposes and name constraints. Pure: the clock is
 * `options.now`, and nothing is fetched.
 * @returns leaf first, anchor last; `certificate_chain_invalid` with what went wrong on the longest path tried
 */
export async function validatePath(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  anchors: readonly Certificate[],
  options: PathOptions,
  crypto: CryptoPrimitives,
): Promise<Result<readonly Certificate[]>> {
  const problem = leafProblem(leaf, options);
  if (problem !== undefined) return fail("certificate_chain_invalid", `leaf: ${problem}`);
  const search = new PathSearch(intermediates, anchors, options, crypto);
  const path = await search.extend([leaf], leaf);
  return path === undefined ? fail("certificate_chain_invalid", search.problem) : ok(path);
}

interface Candidate {
  readonly certificate: Certificate;
  readonly anchor: boolean;
}

class PathSearch {
  /** Of the longest path tried: what its author will want to know. */
  problem = "no issuer found";
  #longest = 0;
  readonly #byName = new Map<string, Candidate[]>();
  readonly #options: PathOptions;
  readonly #crypto: CryptoPrimitives;
  readonly #keys = new Map<Certificate, PublicKey | undefined>();
  readonly #signed = new Map<Certificate, Map<Certificate, boolean>>();
  readonly #comparisons: ComparisonBudget = { left: MAX_COMPARISONS };
  #steps = MAX_STEPS;
  #checks: number;

  constructor(
    intermediates: readonly Certificate[],
    anchors: readonly Certificate[],
    options: PathOptions,
    crypto: CryptoPrimitives,
  ) {
    this.#options = options;
    this.#crypto = crypto;
    this.#checks = options.maxSignatureChecks ?? MAX_SIGNATURE_CHECKS;
    for (const certificate of anchors) this.#add({ certificate, anchor: true });
    for (const certificate of intermediates) this.#add({ certificate, anchor: false });
  }

  #add(candidate: Candidate): void {
    const { key } = candidate.certificate.subject;
    const known = this.#byName.get(key);
    if (known === undefined) this.#byName.set(key, [candidate]);
    else known.push(candidate);
  }

  /**
   * @param path from the leaf up, every signature on it verified
   * @param child the last of it
   */
  async extend(
    path: readonly Certificate[],
    child: Certificate,
  ): Promise<readonly Certificate[] | undefined> {
    if (path.length >= MAX_PATH) return this.#note(path, "path too long");
    for (const { certificate, anchor } of this.#issuersOf(child)) {
      if (--this.#steps < 0) return this.#note(path, "work limit reached");
      if (path.some((below) => isSameEntity(below, certificate))) continue;
      const longer = [...path, certificate];
      const problem = issuerProblem(certificate, anchor, path, this.#options);
      if (problem !== undefined) {
        this.#note(longer, problem);
        continue;
      }
      // oxlint-disable-next-line no-await-in-loop -- the next check is needed only if this one fails
      if (!(await this.#isSigned(child, certificate))) {
        this.#note(longer, this.#checks < 0 ? "work limit reached" : "signature does not verify");
        continue;
      }
      if (!anchor) {
        // oxlint-disable-next-line no-await-in-loop -- depth first, within the limits above
        const found = await this.extend(longer, certificate);
        if (found !== undefined) return found;
        continue;
      }
      const names = nameProblem(longer, this.#comparisons);
      if (names === undefined) return longer;
      this.#note(longer, names);
    }
    return this.#note(path, "no issuer found");
  }

  /** Those whose key identifier is the one the child names come first, those with another one last. */
  #issuersOf(child: Certificate): readonly Candidate[] {
    const candidates = this.#byName.get(child.issuer.key) ?? [];
    const wanted = child.extensions.authorityKeyId;
    if (wanted === undefined || candidates.length < 2) return candidates;
    const rank = ({ certificate }: Candidate): number => {
      const id = certificate.extensions.subjectKeyId;
      if (id === undefined) return 1;
      return equalBytes(id, wanted) ? 0 : 2;
    };
    return candidates.toSorted((a, b) => rank(a) - rank(b));
  }

  async #isSigned(child: Certificate, issuer: Certificate): Promise<boolean> {
    const known = this.#signed.get(child) ?? new Map<Certificate, boolean>();
    this.#signed.set(child, known);
    let signed = known.get(issuer);
    if (signed === undefined) {
      if (--this.#checks < 0) return false;
      const key = await this.#keyOf(issuer);
      signed = key !== undefined && (await isSignedBy(child, key, this.#crypto));
      known.set(issuer, signed);
    }
    return signed;
  }

  async #keyOf(certificate: Certificate): Promise<PublicKey | undefined> {
    if (!this.#keys.has(certificate)) {
      const imported = await this.#crypto.importPublicKey(certificate.info);
      this.#keys.set(certificate, imported.ok ? imported.value : undefined);
    }
    return this.#keys.get(certificate);
  }

  #note(path: readonly Certificate[], problem: string): undefined {
    if (path.length < this.#longest) return;
    this.#longest = path.length;
    this.problem = `certificate ${path.length - 1} of the path: ${problem}`;
  }
}

/** One name with one key is one CA, however many certificates it has: meeting it again is a circle. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  return a.subject.key === b.subject.key && equalBytes(a.spki, b.spki);
}

/** Every name below a constraint is checked, from the anchor down (§6.1.3 b and c, §6.1.4 g). */
function nameProblem(path: readonly Certificate[], budget: ComparisonBudget): string | undefined {
  const state = new NameConstraintState(budget);
  for (const [fromTop, certificate] of path.toReversed().entries()) {
    // The anchor binds others, and a CA's own renewal is not a new name; a leaf has no exemption.
    const isLeaf = fromTop === path.length - 1;
    const exempt = fromTop === 0 || (!isLeaf && isSelfIssued(certificate));
    const problem = exempt ? undefined : state.check(certificate);
    if (problem !== undefined) return problem;
    const { nameConstraints } = certificate.extensions;
    const added = nameConstraints === undefined ? undefined : state.add(nameConstraints);
    if (added !== undefined) return added;
  }
  return undefined;
}
