import { checkConfig, issueLine } from "../config.ts";
import { defineCommand } from "../command.ts";
import { print, printJson } from "../output.ts";

export default defineCommand({
  about:
    "Checks a whole configuration, evidence, rules, keys and all, and reports everything that is wrong with its line and column, and what is doubtful as a warning: rules that can never win, evidence that no rule uses, audiences that are not yours. Private keys are not read and nothing is fetched.",
  args: {
    config: {
      type: "string",
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration, YAML or JSON",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "before every deployment", command: "svidmint policy check --config svidmint.yaml" },
    { does: "for an editor or a pipeline", command: "svidmint policy check --json" },
  ],
  exits: "0 it can be used (there may be warnings), 2 it cannot",
  async run(args) {
    const { config, issues } = await checkConfig(args.config);
    const usable = config !== undefined;
    if (args.json === true) {
      printJson({ ok: usable, issues });
      return usable ? 0 : 2;
    }
    for (const issue of issues) print(issueLine(issue));
    const warnings = issues.filter(({ severity }) => severity === "warning").length;
    if (usable) print(`${args.config}: ${config.policy.rules.length} rules, ${warnings} warnings`);
    return usable ? 0 : 2;
  },
});
