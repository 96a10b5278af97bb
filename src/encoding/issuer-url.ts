/**
 * The form of an OpenID issuer (OpenID Connect Discovery §2) narrow enough that no two parsers can disagree on
 * where `/.well-known/…` of it lies (CVE-2025-52477). For configuration; a token's `iss` is only ever compared.
 */

export interface IssuerUrlOptions {
  /** Admits http where the host is this machine. */
  readonly loopbackHttp?: boolean;
  /**
   * Admits one colon inside a path segment: GKE names projects of a domain `example.com:name`. For issuers of others;
   * our own paths are routes, where a colon means something else.
   */
  readonly colons?: boolean;
}

const MAX_LENGTH = 255;
const MAX_SEGMENT = 150;
const HTTPS = "https://";
const HTTP = "http://";
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** https, host, perhaps port and path: no user, query, fragment, escapes, empty or dot segments, backup names. */
export function isIssuerUrl(text: string, options?: IssuerUrlOptions): boolean {
  if (text.length > MAX_LENGTH) return false;
  const scheme = text.startsWith(HTTPS) ? HTTPS : HTTP;
  if (!text.startsWith(scheme)) return false;
  const slash = text.indexOf("/", scheme.length);
  const authority = text.slice(scheme.length, slash < 0 ? text.length : slash);
  const port = /:(\d{1,5})$/.exec(authority);
  if (port !== null && !isPort(Number(port[1]))) return false;
  const host = port === null ? authority : authority.slice(0, port.index);
  if (scheme === HTTP && !(options?.loopbackHttp === true && LOOPBACK.has(host))) return false;
  if (!LOOPBACK.has(host) && !isHost(host)) return false;
  return slash < 0 || isPath(text.slice(slash + 1), options?.colons === true);
}

function isPort(port: number): boolean {
  return port > 0 && port < 65536;
}

/** Labels of letters, digits and inner hyphens. */
function isHost(host: string): boolean {
  if (host.length > 253) return false;
  return host
    .split(".")
    .every((label) => /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(label));
}

/** @param path without its first slash; may be empty or end with one slash */
function isPath(path: string, colons: boolean): boolean {
  if (path === "") return true;
  const segments = (path.endsWith("/") ? path.slice(0, -1) : path).split("/");
  return segments.every((segment) => isSegment(segment, colons));
}

function isSegment(segment: string, colons: boolean): boolean {
  if (segment === "." || segment === ".." || segment.length > MAX_SEGMENT) return false;
  // A tilde at the end, or two of them, is how editors and servers name backups and home directories.
  if (segment.endsWith("~") || segment.includes("~~")) return false;
  // Between a letter or digit and a letter, where it can begin neither a port nor an escape.
  const plain = colons ? segment.replace(/(?<=[a-zA-Z0-9]):(?=[a-zA-Z])/, "") : segment;
  return /^[a-zA-Z0-9._~-]+$/.test(plain);
}
