import type { CheckedConfig } from "../config.ts";
import type { Config } from "../../issuer/config.ts";
import type { LoadedKeys } from "../keys/load.ts";

/** `skipped`: it could not be looked at, or was not asked for. */
export type Severity = "good" | "warning" | "error" | "skipped";

export interface Finding {
  readonly severity: Severity;
  /** What it is about: `keys.jwt.jwt-7`, a path, a URL. */
  readonly subject: string;
  readonly message: string;
  /** What to do about it, where there is something to do. */
  readonly fix?: string;
}

export interface DoctorContext {
  readonly configPath: string;
  /** What `file:` references are relative to. */
  readonly folder: string;
  readonly checked: CheckedConfig;
  /** Absent where the configuration cannot be used. */
  readonly config?: Config;
  /** Absent where it cannot be used, or has no keys. */
  readonly keys?: LoadedKeys;
  /** Unix seconds. */
  readonly now: number;
  readonly options: {
    /** Keys in services sign a fixed message. */
    readonly sign: boolean;
    /** Issuers of evidence are asked for their keys. */
    readonly evidence: boolean;
    /** The issuer that runs already. */
    readonly live?: string;
  };
}

/** One question, one file; listed in `checks.ts`. */
export interface Check {
  readonly name: string;
  /** Never throws for what it looks at: what cannot be looked at is a finding too. */
  run(context: DoctorContext): Promise<readonly Finding[]>;
}
