/** One thing wrong (or, as a warning, doubtful) in the configuration. The command line adds line and column. */
export interface ConfigIssue {
  /** Keys and indexes from the root of the document: `["rules", 3, "spiffe_id"]`. */
  readonly path: readonly (string | number)[];
  /** Lower case, no full stop; says what is wrong and how to mend it. Never holds secret values. */
  readonly message: string;
  readonly severity: "error" | "warning";
}

/** Configuration that cannot be used: every issue at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly ConfigIssue[];
  constructor(issues: readonly ConfigIssue[], options?: { cause?: unknown }) {
    super(issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"), options);
    this.issues = issues;
  }
}

/**
 * Reads what a configuration refers to: `file:` relative to the configuration (Node), `data:` (compiled
 * configuration), `env:`. @throws ConfigError where it is not there.
 */
export type ReadResource = (reference: string) => Promise<Uint8Array>;
