import { existsSync } from "node:fs";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import {
  bundleProblems,
  latePublications,
  versionProblems,
  type Bundles,
  type Version,
} from "../keys/compare.ts";
import { loadKeys } from "../keys/load.ts";
import { publicKeySet } from "../keys/material.ts";
import { computedBundles, liveBundle } from "../keys/published.ts";
import { explainsAbsence } from "../keys/removed.ts";
import { platform } from "../key-file.ts";
import { print, printable, printError, printJson } from "../output.ts";
import { replaceFile } from "../replace-file.ts";
import { formatTime } from "../time.ts";

export default defineCommand({
  about:
    "Says whether a configuration may take the place of the one in force, by its keys and bundle: refused are a spiffe_sequence that falls, other bytes under the same one, edits of instants that have passed, published keys that are gone or are other keys. It is compared with the file in force (--against), with what the issuer serves (--live), or both; the bundle is made from the configuration alone. With --to the file is then put there, in one step.",
  args: {
    new: { type: "positional", required: true, description: "configuration that is to be" },
    against: {
      type: "string",
      valueHint: "FILE",
      description: "configuration in force [default: what --to would replace]",
    },
    live: { type: "string", valueHint: "URL", description: "issuer whose bundle is in force" },
    to: { type: "string", valueHint: "FILE", description: "put the configuration there" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    {
      does: "in a pipeline, before the deployment",
      command: "svidmint keys apply svidmint.yaml --live https://id.example.org",
    },
    {
      does: "on the machine that serves it",
      command: "svidmint keys apply new.yaml --to /etc/svidmint/svidmint.yaml",
    },
  ],
  exits:
    "0 it may be put in place (with --to: it was), 1 it may not, or the issuer does not answer, 2 wrong usage or configuration",
  async run(args) {
    const inPlace = args.to !== undefined && existsSync(args.to) ? args.to : undefined;
    const against = args.against ?? inPlace;
    if (against === undefined && args.live === undefined)
      throw new UsageError(
        "say what is in force: --against FILE, --live URL, or --to a file that is there",
      );
    const now = platform.now();
    const after = await version(args.new, now, true);
    const computed = await computedBundles(after.loaded, after.material, now);
    const problems: string[] = [];
    if (against !== undefined) {
      const before = await version(against, now, false);
      const bundles = await computedBundles(before.loaded, before.material, now);
      // That entries are gone is told of the entries.
      problems.push(
        ...versionProblems(before, after, now),
        ...bundleProblems(bundles, computed, true),
      );
    }
    if (args.live !== undefined) {
      const live = await liveBundles(args.live, after.loaded.timelines.wit.length > 0);
      const explains = await explainsAbsence(live, computed, after.loaded, now);
      problems.push(
        ...bundleProblems(live, computed, explains),
        ...latePublications(live, after, now),
      );
    }
    const refusals = [...new Set(problems)];
    const sequence = Number(computed["/bundle"].bundle.sequence ?? 0n);
    const applied = refusals.length === 0 && args.to !== undefined;
    if (applied && args.to !== undefined) await put(args.new, args.to, now);
    if (args.json === true)
      printJson({
        ok: refusals.length === 0,
        applied,
        spiffe_sequence: sequence,
        problems: refusals,
      });
    else {
      for (const problem of refusals) print(printable(`${args.new}: ${problem}`));
      if (refusals.length === 0)
        print(`${args.new}: good; spiffe_sequence ${sequence} (${formatTime(sequence)})`);
      if (applied) print(`wrote ${args.to}: have every instance load it (SIGHUP)`);
    }
    return refusals.length === 0 ? 0 : 1;
  },
});

async function version(path: string, now: number, warn: boolean): Promise<Version> {
  const loaded = await loadKeys(path);
  const material = await publicKeySet(loaded, now, (issue) => {
    if (warn)
      printError(printable(`${loaded.file}: warning: ${issue.path.join(".")}: ${issue.message}`));
  });
  return { loaded, material };
}

async function liveBundles(url: string, wit: boolean): Promise<Bundles> {
  const bundle = await liveBundle(url, "/bundle");
  return { "/bundle": bundle, ...(wit && { "/bundle/wit": await liveBundle(url, "/bundle/wit") }) };
}

/** Read once more where it is to lie: `file:` is relative to that. */
async function put(from: string, to: string, now: number): Promise<void> {
  await replaceFile(to, await readInput(from), async (draft) => {
    await publicKeySet(await loadKeys(draft), now);
  });
}
