import { compileDocument } from "../compile-document.ts";
import { checkConfig, configurationError, locateAll, resourceReader } from "../config.ts";
import { defineCommand } from "../command.ts";
import { writeAllNew } from "../files.ts";
import { print, printError } from "../output.ts";

export default defineCommand({
  about:
    "Writes a checked configuration as JSON, for runtimes without a YAML parser or without files (Cloudflare Workers, AWS Lambda): what file: refers to is carried along. Private keys never are: keep them in a secret and name it with env:.",
  args: {
    config: {
      type: "string",
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration",
    },
    out: {
      type: "string",
      valueHint: "FILE",
      description: "write to this file instead of standard output",
    },
    force: { type: "boolean", description: "overwrite the file" },
  },
  examples: [
    { does: "for a Worker", command: "svidmint policy compile --out svidmint.json" },
    { does: "to look at", command: "svidmint policy compile --config prod.yaml" },
  ],
  async run(args) {
    const { config, document, issues } = await checkConfig(args.config);
    if (config === undefined || document === undefined) throw configurationError(issues);
    const compiled = await compileDocument(document, resourceReader(args.config));
    if (compiled.issues.length > 0)
      throw configurationError(await locateAll(args.config, compiled.issues));
    const text = `${JSON.stringify(compiled.document, undefined, 2)}\n`;
    if (args.out === undefined) {
      print(text.trimEnd());
    } else {
      await writeAllNew([{ path: args.out, content: text }], args.force === true);
      printError(`wrote ${args.out}`);
    }
    return 0;
  },
});
