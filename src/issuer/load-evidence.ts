import type { FactorInfo } from "../attestation.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../attestors/attestor.ts";
import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { configError, schemaIssues } from "../policy/schema-issues.ts";

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

/** Every section of `evidence:`. What is wrong goes to `issues`, all of it. */
export async function loadEvidence(
  evidence: Readonly<Record<string, unknown>>,
  parts: Pick<AttestorDeps, "trustDomain" | "issuer" | "bundles" | "ownAuthorities">,
  { platform, registry, read, keep }: EvidenceDeps,
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
    const parsed = definition.config().safeParse(section);
    if (!parsed.success) {
      issues.push(...schemaIssues(parsed.error, section, path));
      broken.push(type);
      continue;
    }
    sections.set(type, parsed.data);
    factors.push(...definition.factors(parsed.data));
    const report = (issue: ConfigIssue): void =>
      void issues.push({ ...issue, path: [...path, ...issue.path] });
    try {
      attestors.set(
        type,
        await definition.create(parsed.data, {
          platform,
          ...parts,
          read,
          report,
          ...(keep && { keep }),
        }),
      ); // oxlint-disable-line no-await-in-loop -- a handful, once
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      error.issues.forEach(report);
    }
  }
  return { attestors, sections, factors, broken };
}
