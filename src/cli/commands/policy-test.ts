import { match } from "../../policy/match.ts";
import { casesSchema, meets, suppose, type PolicyCase } from "../cases.ts";
import { loadForJudging, readData, type Judging } from "../config.ts";
import { defineCommand } from "../command.ts";
import { CommandError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Puts cases before the rules: claims as if evidence had verified, and what is expected of them. A list of {name, evidence: {<evidence name>: {claims}}, expect}, in YAML or JSON; expect is a SPIFFE ID, its path, refused, or the reason of a refusal. A case may also state binding, age_seconds, spiffe_id (as a request would) and the rule that must decide.",
  args: {
    cases: { type: "positional", required: true, description: "file of cases" },
    config: {
      type: "string",
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "the cases beside the configuration", command: "svidmint policy test cases.yaml" },
    {
      does: "a first case",
      command: `printf '%s\\n' '- { name: dev app, evidence: { oidc.dev: { sub: app } }, expect: /dev/app }' > cases.yaml`,
    },
  ],
  exits: "0 every case is as expected, 1 some are not, 2 wrong usage, configuration or case",
  async run(args) {
    const config = await loadForJudging(args.config);
    const cases = await readData(args.cases, casesSchema);
    const results = cases.map((one) => runCase(one, config));
    const failed = results.filter(({ passed }) => !passed);
    if (args.json === true) {
      printJson({ passed: results.length - failed.length, failed: failed.length, cases: results });
    } else {
      for (const { name, passed, expected, actual, rule } of results) {
        print(
          `${passed ? "ok      " : "NOT OK  "}${printable(name)}${passed ? "" : `: expected ${printable(expected)}, got ${printable(actual)}${rule === undefined ? "" : ` by rule ${rule}`}`}`,
        );
      }
      print(`${results.length - failed.length} as expected, ${failed.length} not`);
    }
    return failed.length === 0 ? 0 : 1;
  },
});

interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: string;
  /** The SPIFFE ID, or the reason of the refusal. */
  readonly actual: string;
  readonly rule?: string;
}

function runCase(one: PolicyCase, { policy, factors, trustDomain }: Judging): CaseResult {
  const now = platform.now();
  const facts = suppose(one, factors, now);
  if (!facts.ok)
    throw new CommandError(
      `case "${printable(one.name)}": ${printable(facts.error.detail ?? "")}`,
      2,
    );
  const decided = match(policy, facts.value, {
    now,
    ...(one.spiffe_id === undefined ? {} : { spiffeId: one.spiffe_id }),
  });
  const { rule } = decided.ok ? decided.value : decided.error;
  const outcome = decided.ok
    ? { spiffeId: decided.value.spiffeId.uri }
    : { reason: decided.error.reason };
  const byRule = one.rule === undefined || one.rule === rule;
  return {
    name: one.name,
    passed: byRule && meets(one.expect, outcome, trustDomain),
    expected: one.rule === undefined ? one.expect : `${one.expect} by rule ${one.rule}`,
    actual: decided.ok ? decided.value.spiffeId.uri : decided.error.reason,
    ...(rule === undefined ? {} : { rule }),
  };
}
