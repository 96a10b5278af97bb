import type { FactorInfo } from "../attestation.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestors/attestor.ts";
import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { Kept } from "../kept.ts";
import { configError, isMap, schemaIssues } from "../policy/schema-issues.ts";
import { soundPart, wholeOf, type SoundPart } from "./sound-part.ts";

interface EvidenceDeps extends Pick<AttestorDeps, "platform" | "read" | "keep"> {
  readonly registry: readonly AttestorDefinition[];
}

/** The attestors of a configuration, and what rules may say of them. */
interface Evidence {
  readonly attestors: ReadonlyMap<string, Attestor>;
  readonly sections: ReadonlyMap<string, unknown>;
  readonly factors: readonly FactorInfo[];
  readonly broken: readonly string[];
}

/**
 * Every section of `evidence:`. What is wrong goes to `issues`, all of it: of a section whose form is wrong in places, the
 * rest is opened all the same.
 */
export async function loadEvidence(
  evidence: Readonly<Record<string, unknown>>,
  parts: Pick<AttestorDeps, "trustDomain" | "issuer" | "bundles" | "ownAuthorities">,
  { platform, registry, read, keep = new Kept().keep }: EvidenceDeps,
  issues: ConfigIssue[],
): Promise<Evidence> {
  const attestors = new Map<string, Attestor>();
  const sections = new Map<string, unknown>();
  const factors: FactorInfo[] = [];
  const broken: string[] = [];
  for (const [type, section] of Object.entries(evidence)) {
    const path = ["evidence", type];
    const definition = registry.find((one) => one.type === type);
    if (definition === undefined) {
      issues.push(
        configError(
          path,
          `no such evidence type here: there are ${registry.map((one) => one.type).join(", ")}`,
        ),
      );
      broken.push(type);
      continue;
    }
    const schema = definition.config();
    const parsed = schema.safeParse(section);
    if (!parsed.success) issues.push(...schemaIssues(parsed.error, section, path));
    const part = parsed.success
      ? wholeOf(parsed.data)
      : soundPart(schema, section, definition.standIns);
    if (part === undefined) {
      broken.push(type);
      continue;
    }
    const { value, placeOf } = part;
    const all = definition.factors(value);
    const wrong = new Set(parsed.success ? [] : wrongNames(type, section, all, placeOf));
    broken.push(...wrong);
    factors.push(...all.filter(({ name }) => !wrong.has(name)));
    sections.set(type, value);
    const report = (issue: ConfigIssue): void => {
      const place = placeOf(issue.path);
      if (place !== undefined) issues.push({ ...issue, path: [...path, ...place] });
    };
    try {
      attestors.set(
        type,
        await definition.create(value, {
          platform,
          ...parts,
          read,
          report,
          keep,
        }),
      ); // oxlint-disable-line no-await-in-loop -- a handful, once
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      error.issues.forEach(report);
    }
  }
  return { attestors, sections, factors, broken };
}

/** What rules can say nothing of yet: the type, or where its factors are entries, those that are wrong. */
function wrongNames(
  type: string,
  section: unknown,
  factors: readonly FactorInfo[],
  placeOf: SoundPart<unknown>["placeOf"],
): readonly string[] {
  if (!isMap(section) || factors.every(({ name }) => name === type)) return [type];
  return Object.keys(section)
    .filter((entry) => placeOf([entry]) === undefined)
    .map((entry) => `${type}.${entry}`);
}
