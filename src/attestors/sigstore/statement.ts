import { isJsonObject, parseJsonObject, type JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "https://slsa.dev/provenance/v1";
const SHA256 = /^[0-9a-f]{64}$/;

/** What a builder says of one artifact. */
export interface Provenance {
  /** `sha256:` and 64 lower-case hex digits, as registries and platforms write it. */
  readonly digest: string;
  readonly builderId: string;
  readonly buildType: string;
}

/**
 * Reads build provenance: an in-toto statement about exactly one subject. Of several, nobody could say which one the
 * workload is.
 * @returns `json_malformed` | `json_duplicate_key` | `claim_missing` | `claim_type` | `claim_value`
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function parseStatement(payload: Uint8Array): Result<Provenance> {
  const read = parseJsonObject(payload);
  if (!read.ok) return read;
  const { _type: type, predicateType, predicate, subject } = read.value;
  if (type !== STATEMENT_TYPE) return fail("claim_value", "_type is not an in-toto statement v1");
  if (predicateType !== PREDICATE_TYPE)
    return fail("claim_value", "predicateType is not slsa provenance v1");
  if (!Array.isArray(subject)) return fail("claim_type", "subject");
  if (subject.length !== 1) return fail("claim_value", "subject: expected exactly one");
  const digest = textAt(subject[0], ["digest", "sha256"]);
  if (!digest.ok) return digest;
  if (!SHA256.test(digest.value)) return fail("claim_value", "subject.digest.sha256");
  const builderId = textAt(predicate, ["runDetails", "builder", "id"]);
  if (!builderId.ok) return builderId;
  const buildType = textAt(predicate, ["buildDefinition", "buildType"]);
  if (!buildType.ok) return buildType;
  return ok({
    digest: `sha256:${digest.value}`,
    builderId: builderId.value,
    buildType: buildType.value,
  });
}

function textAt(from: JsonValue | undefined, path: readonly string[]): Result<string> {
  let value = from;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name))
      return fail("claim_missing", path.join("."));
    value = value[name];
  }
  return typeof value === "string" && value !== "" ? ok(value) : fail("claim_type", path.join("."));
}
