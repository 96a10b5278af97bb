import { stat } from "node:fs/promises";
import { parseBundle, type Bundle } from "../encoding/bundle.ts";
import { parseBundleMap } from "../svid/bundle-map.ts";
import { fetchBounded } from "../platform/http.ts";
import type { Result } from "../result.ts";
import { isTrustDomain } from "../spiffe/trust-domain.ts";
import type { BundleSource, KnownBundle } from "../svid/bundle-verifier.ts";
import { CommandError, UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { platform } from "./key-file.ts";
import { printable } from "./output.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** The bundles that a command was given: `TRUST_DOMAIN=FILE|URL`, or a Bundle Map. @throws UsageError, CommandError */
export async function readBundles(
  one: string | undefined,
  map: string | undefined,
): Promise<BundleSource> {
  const held = new Map<string, KnownBundle>();
  if (map !== undefined)
    for (const [name, known] of await load(map, parseBundleMap)) held.set(name, known);
  if (one !== undefined) {
    const [name = "", ...rest] = one.split("=");
    if (!isTrustDomain(name) || rest.length === 0)
      throw new UsageError(
        "--bundle is TRUST_DOMAIN=FILE or TRUST_DOMAIN=URL: no bundle says whose it is",
      );
    const single = (bytes: Uint8Array): Result<ReadonlyMap<string, Bundle>> => {
      const bundle = parseBundle(bytes);
      return bundle.ok ? { ok: true, value: new Map([[name, bundle.value]]) } : bundle;
    };
    for (const [domain, known] of await load(rest.join("="), single)) held.set(domain, known);
  }
  return { find: (name) => held.get(name) };
}

async function load(
  reference: string,
  parse: (bytes: Uint8Array) => Result<ReadonlyMap<string, Bundle>>,
): Promise<ReadonlyMap<string, KnownBundle>> {
  const { bytes, heldSince } = /^https?:/.test(reference)
    ? await download(reference)
    : await readFile(reference);
  const parsed = parse(bytes);
  if (!parsed.ok) {
    const { reason, detail = reason } = parsed.error;
    throw new CommandError(`${printable(reference)} is no SPIFFE bundle: ${printable(detail)}`, 2);
  }
  return new Map([...parsed.value].map(([name, bundle]) => [name, { bundle, heldSince }]));
}

/** Its age is that of the file: whoever wrote it believed it then. */
async function readFile(path: string): Promise<{ bytes: Uint8Array; heldSince: number }> {
  if (path === "-") throw new UsageError("a bundle is a file or a URL, not standard input");
  const bytes = await readInput(path, MAX_BYTES);
  const { mtimeMs } = await stat(path);
  return { bytes, heldSince: Math.floor(mtimeMs / 1000) };
}

async function download(url: string): Promise<{ bytes: Uint8Array; heldSince: number }> {
  const answer = await fetchBounded(platform, url, {
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  if (!answer.ok)
    throw new CommandError(`${printable(url)} cannot be fetched: ${answer.error.code}`, 2);
  if (answer.value.status !== 200)
    throw new CommandError(`${printable(url)} answered ${answer.value.status}`, 2);
  return { bytes: answer.value.bytes, heldSince: platform.now() };
}
