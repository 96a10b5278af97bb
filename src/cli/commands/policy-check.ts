import { allModes } from "../../signer/modes.ts";
import { checkConfig, issueLine } from "../config.ts";
import { checkConfigs } from "../config-set.ts";
import { repeated } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { print, printJson } from "../output.ts";

const PUBLIC_HALVES = { backends: {}, modes: allModes, env: () => undefined, publicOnly: true };

export default defineCommand({
  about:
    "Checks a whole configuration, evidence, rules, keys and all, and reports everything that is wrong with its line and column, and what is doubtful as a warning: rules that can never win, evidence that no rule uses, audiences that are not yours. Of several files, one --config each, also whether they may be served together. Private keys are not read and nothing is fetched.",
  args: {
    config: {
      type: "string",
      repeatable: true,
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration, YAML or JSON; several times for those of one deployment",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "before every deployment", command: "svidmint policy check --config svidmint.yaml" },
    {
      does: "two trust domains that one process is to serve",
      command: "svidmint policy check --config prod.yaml --config staging.yaml",
    },
    { does: "for an editor or a pipeline", command: "svidmint policy check --json" },
  ],
  exits: "0 it can be used (there may be warnings), 2 it cannot",
  async run(args) {
    const { issues, sound } = await checkConfigs(repeated(args.config), (path) =>
      checkConfig(path, { keys: PUBLIC_HALVES }),
    );
    const usable = sound !== undefined;
    if (args.json === true) {
      printJson({ ok: usable, issues });
      return usable ? 0 : 2;
    }
    for (const issue of issues) print(issueLine(issue));
    for (const { path, config, issues: own } of sound ?? []) {
      const warnings = own.filter(({ severity }) => severity === "warning").length;
      print(`${path}: ${config.policy.rules.length} rules, ${warnings} warnings`);
    }
    return usable ? 0 : 2;
  },
});
