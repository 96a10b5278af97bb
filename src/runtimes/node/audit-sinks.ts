import { resolve } from "node:path";
import { ConfigError } from "../../config-issue.ts";
import type { AuditConfig } from "../../issuer/config-schema.ts";
import { auditFile, type AuditFile, type AuditFileOptions } from "./audit-file.ts";

interface Opened {
  readonly file: AuditFile;
  readonly sync: boolean;
}

/** The audit logs of a process. Trust domains that name the same place write to it as one, line by line. */
export class AuditSinks {
  readonly #opened = new Map<number | string, Opened>();
  readonly #log: (line: string) => void;

  /** @param log told when a log cannot be written: the log itself cannot tell */
  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** @param folder the configuration's. @throws ConfigError */
  open({ sink, required }: AuditConfig = { sink: "stdout" }, folder: string): AuditFile {
    const target = sink === "stdout" ? 1 : resolve(folder, sink.slice("file:".length));
    const sync = required === true && sink !== "stdout";
    const { file, sync: synced } = this.#opened.get(target) ?? {
      file: openFile({ target, sync, report: (trouble) => this.#log(told(target, trouble)) }),
      sync,
    };
    if (sync !== synced)
      throw wrong(
        "required",
        `another configuration writes to ${target}, too, and says otherwise: say the same in both`,
      );
    this.#opened.set(target, { file, sync });
    return file;
  }

  /** @throws where what waits is not to be written */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#opened.values(), ({ file }) => file.close()));
  }
}

function openFile(options: AuditFileOptions): AuditFile {
  try {
    return auditFile(options);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw wrong(
      "sink",
      `cannot be opened${code}: name a file, in a folder that is there, which this process may write`,
    );
  }
}

function told(target: number | string, trouble: string | undefined): string {
  const log = `the audit log, ${target === 1 ? "standard output" : target},`;
  return trouble === undefined
    ? `${log} is written again`
    : `${log} cannot be written (${trouble}), and nothing is issued until it can: free disk space, or see to its reader`;
}

function wrong(member: string, message: string): ConfigError {
  return new ConfigError([{ path: ["audit", member], message, severity: "error" }]);
}
