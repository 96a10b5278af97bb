import { match } from "../../policy/match.ts";
import { casesSchema, suppose, type PolicyCase } from "../cases.ts";
import { loadForJudging, readData, type Judging } from "../config.ts";
import { defineCommand } from "../command.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";
import { audienceWords } from "../verdict.ts";
import { diffDocuments, type Change } from "../policy-changes.ts";

export default defineCommand({
  about:
    "Compares two configurations: which rules came, went, moved or changed, member by member, and what changed about evidence, deny and the rest. With --cases also for whom: each case of a file for svidmint policy test (what it expects is not looked at) that would get another answer.",
  args: {
    old: { type: "positional", required: true, description: "configuration as it was" },
    new: { type: "positional", required: true, description: "configuration as it is to be" },
    cases: { type: "string", valueHint: "FILE", description: "cases to put before both" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "rule by rule", command: "svidmint policy diff live.yaml svidmint.yaml" },
    {
      does: "and for whom",
      command: "svidmint policy diff live.yaml svidmint.yaml --cases cases.yaml",
    },
  ],
  exits: "0 nothing differs, 1 something does, 2 wrong usage, configuration or case",
  async run(args) {
    const [before, after] = [await loadForJudging(args.old), await loadForJudging(args.new)];
    const changes = diffDocuments(before.document, after.document);
    const cases = args.cases === undefined ? [] : await readData(args.cases, casesSchema);
    const answers = cases
      .map((one) => ({ name: one.name, before: answer(one, before), after: answer(one, after) }))
      .filter((one) => one.before !== one.after);
    if (args.json === true) {
      printJson({ changes, ...(args.cases === undefined ? {} : { cases: answers }) });
    } else {
      for (const change of changes) printChange(change);
      for (const one of answers)
        print(`case ${printable(one.name)}: ${printable(one.before)} -> ${printable(one.after)}`);
      if (changes.length + answers.length === 0) print("nothing differs");
    }
    return changes.length + answers.length === 0 ? 0 : 1;
  },
});

function printChange({ what, change, before, after }: Change): void {
  if (change !== "changed") {
    print(
      `${change === "added" ? "+" : change === "removed" ? "-" : "~"} ${printable(what)} ${change}`,
    );
    return;
  }
  print(`~ ${printable(what)}: ${show(before)} -> ${show(after)}`);
}

function show(value: unknown): string {
  return value === undefined ? "(absent)" : printable(JSON.stringify(value));
}

/** What a case gets, in one line that can be compared. */
function answer(one: PolicyCase, { policy, factors }: Judging): string {
  const now = platform.now();
  const facts = suppose(one, factors, now);
  if (!facts.ok) return `cannot be asked (${facts.error.detail ?? ""})`;
  const decided = match(policy, facts.value, {
    now,
    ...(one.spiffe_id === undefined ? {} : { spiffeId: one.spiffe_id }),
  });
  if (!decided.ok) return `refused (${decided.error.reason})`;
  const { x509, jwt, wit, federatesWith } = decided.value.grants;
  const kinds = [
    ...(x509 === undefined ? [] : [`x509 ${x509.ttl} s`]),
    ...(jwt === undefined ? [] : [`jwt ${jwt.ttl} s for ${audienceWords(jwt).join(", ")}`]),
    ...(wit === undefined ? [] : [`wit ${wit.ttl} s`]),
    ...(federatesWith === undefined ? [] : [`with the bundles of ${federatesWith.join(", ")}`]),
  ];
  return `${decided.value.spiffeId.uri} (${kinds.join("; ") || "nothing"})`;
}
