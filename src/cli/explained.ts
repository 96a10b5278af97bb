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
    const reason = whyNotListening(error);
    if (reason !== undefined) throw new CommandError(reason, 1, { cause: error });
    if (isOfSystem(error))
      throw new CommandError(`${what}: ${printable(error.message)}`, 1, { cause: error });
    throw error;
  }
}

/** A full disk, a folder that is somebody else's: Node's words name the call and, where it knows it, the path. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "errno" in error;
}

/** Which of several addresses it was is in Node's error. @returns undefined where it is another error */
function whyNotListening(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const {
    code,
    syscall,
    address,
    port,
  }: NodeJS.ErrnoException & { address?: unknown; port?: unknown } = error;
  if (syscall !== "listen" && syscall !== "getaddrinfo") return undefined; // EACCES is of files, too
  const where =
    typeof address === "string" && typeof port === "number"
      ? printable(`${address}:${port}`)
      : "that address";
  const otherwise = "choose another address (--listen, --metrics, --bundle-endpoint)";
  if (code === "EADDRINUSE") return `something else listens at ${where}; stop it, or ${otherwise}`;
  if (code === "EADDRNOTAVAIL" || code === "EACCES" || code === "ENOTFOUND")
    return `cannot listen at ${where} (${code}); ${otherwise}`;
  return undefined;
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
