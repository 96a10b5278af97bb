import { ConfigError } from "../../config-issue.ts";
import type { JsonObject } from "../../encoding/json.ts";
import { storeConfig } from "../../issuer/store-config.ts";
import { attestors as registry } from "../../runtimes/node/attestors.ts";
import { compileDocument } from "../compile-document.ts";
import type { Config } from "../../issuer/config.ts";
import { SVID_USES } from "../../signer/algorithms.ts";
import { modeOf } from "../../signer/keys-schema.ts";
import { configurationError, locateAll, resourceReader } from "../config.ts";
import { soundConfigs } from "../config-set.ts";
import { repeated } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { writeAllNew } from "../files.ts";
import { platform } from "../key-file.ts";
import { print, printError } from "../output.ts";

export default defineCommand({
  about:
    "Writes a checked configuration as JSON, for runtimes without a YAML parser or without files: what file: refers to is carried along. Private keys never are: keep them in a secret and name it with env:. Cloudflare Workers take only --for workers, which compiles the rules and checks keys and certificates too; it is for the version of svidmint that wrote it, and an edit by hand is refused.",
  args: {
    config: {
      type: "string",
      repeatable: true,
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration; several times for those of one deployment: a list is written",
    },
    for: {
      type: "enum",
      options: ["node", "workers"],
      valueHint: "RUNTIME",
      default: "node",
      description: "node is for AWS Lambda and containers",
    },
    out: {
      type: "string",
      valueHint: "FILE",
      description: "write to this file instead of standard output",
    },
    force: { type: "boolean", description: "overwrite the file" },
  },
  examples: [
    { does: "for AWS Lambda", command: "svidmint policy compile --out svidmint.json" },
    {
      does: "for a Worker",
      command: "svidmint policy compile --for workers --out svidmint.workers.json",
    },
    { does: "to look at", command: "svidmint policy compile --config prod.yaml" },
  ],
  async run(args) {
    const { sound } = await soundConfigs(repeated(args.config));
    const forWorkers = args.for === "workers";
    const compiled: unknown[] = [];
    for (const { path, document } of sound) {
      const whole = await wholeDocument(path, document); // oxlint-disable-line no-await-in-loop -- one or a few
      compiled.push(forWorkers ? await forWorker(whole, path) : whole); // oxlint-disable-line no-await-in-loop
    }
    const [only] = compiled;
    // On one line for Workers: a variable there holds 5 KB.
    const text = JSON.stringify(
      compiled.length === 1 ? only : compiled,
      undefined,
      forWorkers ? undefined : 2,
    );
    if (args.out === undefined) {
      print(text);
    } else {
      await writeAllNew([{ path: args.out, content: `${text}\n` }], args.force === true);
      printError(`wrote ${args.out}`);
      if (forWorkers) printError(entryLine(sound.map(({ config }) => config)));
    }
    return 0;
  },
});

async function wholeDocument(path: string, document: JsonObject): Promise<JsonObject> {
  const compiled = await compileDocument(document, resourceReader(path));
  if (compiled.issues.length > 0) throw configurationError(await locateAll(path, compiled.issues));
  return compiled.document;
}

/** What the Worker's entry has to say, so that it ships these evidence types, backends and modes and no others. */
function entryLine(configs: readonly Pick<Config, "sections" | "keys" | "peers">[]): string {
  const entries = configs.flatMap(({ keys = {} }) =>
    SVID_USES.flatMap((use) =>
      (keys[use] ?? []).map((entry) => [entry.backend, modeOf(entry, use).mode] as const),
    ),
  );
  const backends = new Set(entries.map(([backend]) => backend).filter((one) => one !== "local"));
  const modes = new Set(entries.map(([, mode]) => mode).filter((one) => one !== "direct"));
  const types = new Set(configs.flatMap(({ sections }) => [...sections.keys()]));
  const parts = [listed([...types])];
  const more = [
    ...(backends.size > 0 ? [`backends: ${listed([...backends])}`] : []),
    ...(modes.size > 0 ? [`modes: ${listed([...modes])}`] : []),
    ...(configs.some(({ peers = {} }) => Object.keys(peers).length > 0)
      ? ["federation: webFederation"]
      : []),
    ...(configs.length > 1 ? ["domains: severalDomains"] : []),
  ];
  if (more.length > 0) parts.push(`{ ${more.join(", ")} }`);
  return `the Worker's entry names what it ships: worker(${parts.join(", ")})`;
}

function listed(names: readonly string[]): string {
  const named = names.toSorted().map((name) => `${name}: ${openerName(name)}`);
  return named.length === 0 ? "{}" : `{ ${named.join(", ")} }`;
}

/** `aws_iid` is opened by `openAwsIid`. */
export function openerName(type: string): string {
  return `open_${type}`.replace(/_(.)/g, (_, first: string) => first.toUpperCase());
}

async function forWorker(document: JsonObject, path: string): Promise<unknown> {
  try {
    return await storeConfig(document, { platform, registry, read: resourceReader(path) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw configurationError(await locateAll(path, error.issues));
  }
}
