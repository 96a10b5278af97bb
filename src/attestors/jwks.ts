import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { isLoopbackHost } from "../platform/http.ts";
import { fail } from "../result.ts";
import type { AttestorDeps } from "./attestor.ts";
import { FetchedKeys, type KeyLocation } from "./fetched-keys.ts";
import { KeySet, type KeyReader, type KeySource } from "./key-set.ts";

export interface KeySourceOptions {
  /** Of the fetched document, 64 KiB unless told. */
  readonly maxBytes?: number;
  /** Where `jwks` stands, relative to the attestor's section. */
  readonly path?: ConfigIssue["path"];
  readonly readKey?: KeyReader;
  /** Tells one `readKey` from another; without it keys that it read are not kept for the next configuration. */
  readonly readBy?: string;
}

/**
 * Opens the keys that configuration names: `file:` or `data:` once, now; a URL when a token first needs it.
 * What is wrong is reported; then the source knows no key.
 */
export async function openKeys(
  jwks: string | { readonly discover: string },
  deps: AttestorDeps,
  options: KeySourceOptions = {},
): Promise<KeySource> {
  const path = options.path ?? ["jwks"];
  const report = (message: string, severity: ConfigIssue["severity"] = "error") =>
    deps.report({ path, message, severity });
  if (typeof jwks === "string" && /^(?:file|data):/.test(jwks))
    return readKeys(jwks, deps, path, report, options.readKey);
  const location: KeyLocation = typeof jwks === "string" ? { jwks } : jwks;
  const url = typeof jwks === "string" ? jwks : jwks.discover;
  const allowLoopbackHttp = isLoopbackHttp(deps.issuer);
  if (!isFetchable(url, allowLoopbackHttp))
    report(
      `expected ${url === jwks ? "file:, data: or " : ""}an https: URL without user information`,
    );
  const { readKey, readBy, maxBytes } = options;
  const make = (): FetchedKeys =>
    new FetchedKeys(deps.platform, location, {
      allowLoopbackHttp,
      readKey,
      ...(maxBytes !== undefined && { maxBytes }),
    });
  if (deps.keep === undefined || (readKey !== undefined && readBy === undefined)) return make();
  return deps.keep(`keys ${JSON.stringify([location, maxBytes, readBy])}`, make);
}

async function readKeys(
  reference: string,
  deps: AttestorDeps,
  path: ConfigIssue["path"],
  report: (message: string, severity?: ConfigIssue["severity"]) => void,
  readKey: KeyReader | undefined,
): Promise<KeySource> {
  try {
    const set = KeySet.parse(await deps.read(reference), readKey);
    if (!set.ok) report(`not a JSON Web Key Set: ${set.error.detail ?? set.error.reason}`);
    else if (set.value.size === 0) report("the key set has no public signature key with a kid");
    else {
      if (set.value.ignored > 0)
        report(
          `${set.value.ignored} keys of the set are ignored: only public signature keys with a kid of their own are used`,
          "warning",
        );
      return { find: (kid, alg) => set.value.find(kid, alg, deps.platform) };
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const issue of error.issues) deps.report({ ...issue, path });
  }
  return { find: () => fail("key_unknown") };
}

/** Whether the URL is that of a service on this very machine without TLS, as in development and in tests. */
export function isLoopbackHttp(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && isLoopbackHost(hostname);
}

function isFetchable(url: string, allowLoopbackHttp: boolean): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (allowLoopbackHttp && isLoopbackHttp(url));
}
