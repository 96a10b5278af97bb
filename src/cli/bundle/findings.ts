import { parseBundle } from "../../encoding/bundle.ts";
import { isJsonObject, member, parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { keyFindings, uniqueFindings } from "./key-findings.ts";
import type { Finding, FindingOptions } from "./finding.ts";
import type { FoundDocument } from "./source.ts";

/** Of the refresh hint, what a cache may add to it (SPIFFE Federation §4.1). */
const CACHE_PART = 4;
const USUAL_HINT = 300;

/**
 * Reads a bundle as its strictest consumers do (go-spiffe, SPIRE), which fail the whole of it where the specification
 * says to ignore an entry.
 */
export async function bundleFindings(
  { bytes, headers }: Pick<FoundDocument, "bytes" | "headers">,
  options: FindingOptions,
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const say = (severity: Finding["severity"], path: string, message: string): void =>
    void found.push({ severity, path, message });
  const parsed = parseJsonObject(bytes);
  if (!parsed.ok) {
    const { reason, detail } = parsed.error;
    const what =
      reason === "json_duplicate_key"
        ? "has a member twice: two readers may understand two things"
        : `is not a JSON object${detail === undefined ? "" : ` (${detail})`}`;
    return [{ severity: "error", path: "", message: what }];
  }
  const keys = member(parsed.value, "keys");
  if (!Array.isArray(keys)) {
    say("error", "keys", "is not there, or not a list: this is no bundle");
    return found;
  }
  if (keys.length === 0)
    say("error", "keys", "is empty: whoever takes it believes nothing of this trust domain");
  for (const [index, key] of keys.entries()) {
    if (isJsonObject(key)) found.push(...(await keyFindings(key, `keys.${index}`, options))); // oxlint-disable-line no-await-in-loop -- in their order
    else say("error", `keys.${index}`, "is not an object");
  }
  found.push(...uniqueFindings(keys.filter(isJsonObject)));
  const uses = new Set(keys.filter(isJsonObject).map((key: JsonObject) => member(key, "use")));
  if (keys.length > 0 && !uses.has("x509-svid"))
    say("warning", "keys", "has no X.509 root: Istio refuses a bundle without one");
  if (uses.has("wit-svid"))
    say("warning", "keys", "has keys of WIT-SVIDs: SPIRE before 1.15.3 refuses the whole bundle");
  found.push(...sequenceFindings(parsed.value, bytes), ...headerFindings(parsed.value, headers));
  return found;
}

function sequenceFindings(document: JsonObject, bytes: Uint8Array): readonly Finding[] {
  const found: Finding[] = [];
  const hint = member(document, "spiffe_refresh_hint");
  if (member(document, "spiffe_sequence") === undefined)
    found.push(warning("spiffe_sequence", "is not there: a consumer cannot tell old from new"));
  if (hint === undefined)
    found.push(warning("spiffe_refresh_hint", "is not there: consumers ask every 5 minutes"));
  else if (hint === 0)
    found.push(warning("spiffe_refresh_hint", "is 0: consumers poll as fast as they can"));
  const strict = parseBundle(bytes);
  if (!strict.ok && strict.error.detail?.startsWith("spiffe_") === true)
    found.push({
      severity: "error",
      path: strict.error.detail,
      message: "is not a whole number of at most 64 bits",
    });
  return found;
}

function headerFindings(document: JsonObject, headers: Headers | undefined): readonly Finding[] {
  if (headers === undefined) return [];
  const found: Finding[] = [];
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json")
    found.push(warning("", `is served as ${type ?? "nothing"}, not as application/json`));
  const stated = member(document, "spiffe_refresh_hint");
  const hint = typeof stated === "number" && stated > 0 ? stated : USUAL_HINT;
  const most = Math.floor(hint / CACHE_PART);
  const [, age] = /\bmax-age=(\d+)/.exec(headers.get("cache-control") ?? "") ?? [];
  if (age === undefined)
    found.push(warning("", `has no Cache-Control: caches guess; max-age=${most} is right`));
  else if (Number(age) > most)
    found.push(
      warning("", `may be cached for ${age} s, more than a quarter of the refresh hint: ${most}`),
    );
  return found;
}

function warning(path: string, message: string): Finding {
  return { severity: "warning", path, message };
}
