import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { SignerError } from "../signer/signer.ts";
import { StoreError } from "../stores/store-error.ts";
import { inOrder, issueLine, locateAll, readDocument } from "./config.ts";
import { CommandError } from "./errors.ts";
import { printable } from "./output.ts";

/** @param file whose configuration is at work. @throws CommandError that says what is wrong, and how to mend it */
export async function explained<T>(file: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) {
      const lines = await placedLines(file, error.issues);
      throw new CommandError([what, ...lines].join("\n"), 2, { cause: error });
    }
    if (error instanceof StoreError || error instanceof SignerError) {
      throw new CommandError(`${what}: ${printable(error.message)}`, 1, {
        cause: error,
      });
    }
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === "EADDRINUSE")
      throw new CommandError(
        "something else listens at that address; stop it, or choose another with --listen",
        1,
        { cause: error },
      );
    if (code === "EADDRNOTAVAIL" || code === "EACCES" || code === "ENOTFOUND")
      throw new CommandError(
        `cannot listen there (${code}); choose another address with --listen`,
        1,
        { cause: error },
      );
    throw error;
  }
}

/** In the order of the file. What stands elsewhere, as local keys do, or cannot be read again has no place in it. */
async function placedLines(file: string, issues: readonly ConfigIssue[]): Promise<string[]> {
  try {
    const document = await readDocument(file);
    const isThere = ({ path: [first] }: ConfigIssue): boolean =>
      first !== undefined && Object.hasOwn(document, first);
    const placed = await locateAll(file, issues.filter(isThere));
    const others = issues.filter((issue) => !isThere(issue));
    return [...others.map((issue) => warningLine(file, issue)), ...inOrder(placed).map(issueLine)];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return issues.map((issue) => warningLine(file, issue));
  }
}

export function warningLine(file: string, { path, severity, message }: ConfigIssue): string {
  return printable(
    `${file}: ${severity}: ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`,
  );
}
