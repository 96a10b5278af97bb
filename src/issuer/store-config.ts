import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { storePolicy } from "../policy/stored.ts";
import { SVID_USES } from "../signer/algorithms.ts";
import { isNodeOnly } from "../signer/definitions.ts";
import { readConfiguredKeys } from "../signer/load-keys.ts";
import { allModes } from "../signer/modes.ts";
import { storeKeys } from "../signer/store-keys.ts";
import { storeDefinitions } from "../stores/definitions.ts";
import { loadConfig, type Config, type ConfigDeps } from "./config.ts";
import {
  digestOf,
  STORED_FORMAT,
  type StoredConfig,
  type StoredDocument,
} from "./stored-config.ts";

/**
 * Checks a configuration, keys and certificates included, and writes down what came of it, for runtimes that check
 * nothing again. Private keys are not needed and not looked at.
 * @param document one without `file:` references
 * @throws ConfigError with what is wrong
 */
export async function storeConfig(document: unknown, deps: ConfigDeps): Promise<StoredDocument> {
  const keyDeps = { backends: {}, modes: allModes, env: () => undefined, publicOnly: true };
  const { config, issues } = await loadConfig(document, { ...deps, keys: keyDeps });
  if (config === undefined) throw new ConfigError(errorsOf(issues));
  const { platform, read } = deps;
  const { trustDomain, issuer, policy, refreshHint, changedAt, sections, peers } = config;
  const unfit = unfitParts(config, deps.registry);
  if (unfit.length > 0 || config.keys === undefined) throw new ConfigError(unfit);
  const { keys } = await readConfiguredKeys(config.keys, {
    platform,
    trustDomain,
    read,
    now: platform.now(),
    refreshHint,
    changedAt,
    longestLife: policy.longestTtl,
    ...keyDeps,
    report: () => undefined,
  });
  const evidence: Record<string, unknown> = {};
  // What is wrong was reported when the attestors were made.
  const quiet = { platform, read, report: () => undefined };
  for (const definition of deps.registry) {
    const section = sections.get(definition.type);
    if (section === undefined) continue;
    evidence[definition.type] = (await definition.settle?.(section, quiet)) ?? section; // oxlint-disable-line no-await-in-loop -- a handful, once
  }
  // As it will be read: what JSON leaves out is not in the digest either.
  const stored: StoredConfig = JSON.parse(
    JSON.stringify({
      issuer,
      evidence,
      ...(peers && { peers }),
      policy: storePolicy(policy),
      keys: storeKeys(config.keys, keys),
      ...(config.claims && { claims: config.claims }),
      refreshHint,
      changedAt,
    } satisfies StoredConfig),
  );
  return {
    svidmint_compiled: STORED_FORMAT,
    sha256: await digestOf(stored, platform),
    config: stored,
  };
}

/** What a runtime without files, disk and standard output does not have. */
function unfitParts(
  { keys, claims, audit, sections }: Config,
  registry: ConfigDeps["registry"],
): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (path: ConfigIssue["path"], message: string): void =>
    void issues.push({ path, message, severity: "error" });
  for (const { type, nodeOnly } of registry)
    if (nodeOnly === true && sections.has(type))
      error(["evidence", type], "runs on Node alone: a Worker cannot verify it");
  for (const use of SVID_USES)
    for (const [index, { backend }] of (keys?.[use] ?? []).entries())
      if (isNodeOnly(backend))
        error(["keys", use, index, "backend"], `${backend} runs on Node alone: no Worker has it`);
  if (keys === undefined)
    error(["keys"], "required: keys are made only by svidmint serve on one machine");
  if (claims !== undefined && !onWorkers(claims.store))
    error(["claims", "store"], `${claims.store} is no claim store that a Worker has`);
  if (audit !== undefined && (audit.sink !== "stdout" || audit.required === true))
    error(["audit"], "a Worker writes to its platform's log, which acknowledges nothing");
  return issues;
}

function onWorkers(name: string): boolean {
  return storeDefinitions.some(({ store, runtime }) => store === name && runtime === "workers");
}

function errorsOf(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  return issues.filter(({ severity }) => severity === "error");
}
