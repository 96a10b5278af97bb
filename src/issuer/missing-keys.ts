import type { ConfigIssue } from "../config-issue.ts";
import type { CompiledPolicy } from "../policy/policy.ts";
import { configError } from "../policy/schema-issues.ts";
import { SVID_USES } from "../signer/algorithms.ts";
import type { KeysConfig } from "../signer/keys-schema.ts";

/** What rules give, there has to be a key for. */
export function missingKeys(
  { longestTtl }: Pick<CompiledPolicy, "longestTtl">,
  keys: KeysConfig,
): readonly ConfigIssue[] {
  return SVID_USES.filter((use) => longestTtl[use] > 0 && (keys[use] ?? []).length === 0).map(
    (use) => configError(["keys", use], `required: there are rules that give ${use}`),
  );
}
