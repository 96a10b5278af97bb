import { fail, ok, type Result } from "../result.ts";
import { isTrustDomain } from "../spiffe/trust-domain.ts";
import { parseBundle, type Bundle } from "../encoding/bundle.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { isJsonObject, member, parseJsonObject } from "../encoding/json.ts";

/** As many trust domains as one map may have. */
const MAX_MEMBERS = 4096;

/**
 * A Bundle Map (SPIFFE Trust Domain and Bundle §4.3), as a whole or not at all. Sequences beyond 2^53 are as a double
 * has them: good to show, not to compare.
 * @returns `json_malformed` | `json_duplicate_key`: a trust domain that stands twice, too
 */
export function parseBundleMap(input: Uint8Array): Result<ReadonlyMap<string, Bundle>> {
  const text = utf8Decode(input);
  if (text === undefined) return fail("json_malformed", "not utf-8");
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return parsed;
  const members = member(parsed.value, "trust_domains");
  if (!isJsonObject(members)) return fail("json_malformed", "trust_domains");
  const bundles = new Map<string, Bundle>();
  for (const [name, document] of Object.entries(members)) {
    if (!isTrustDomain(name) || bundles.size >= MAX_MEMBERS)
      return fail("json_malformed", "trust_domains: a name");
    const bundle = parseBundle(JSON.stringify(document));
    if (!bundle.ok) return bundle;
    bundles.set(name, bundle.value);
  }
  return ok(bundles);
}
