import { setTimeout as sleep } from "node:timers/promises";
import { onStopSignal } from "../../runtimes/node/lifecycle.ts";
import { nextChange } from "../../signer/timeline.ts";
import { repeated } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { CommandError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { CONFIG_OPTION, loadKeys } from "../keys/load.ts";
import { publicKeySet } from "../keys/material.ts";
import { livesOf } from "../keys/state.ts";
import { print, printable, printError, printJson } from "../output.ts";
import { publications } from "../publish/documents.ts";
import { PublishError, type Place } from "../publish/place.ts";
import { publish, type Published } from "../publish/publish.ts";
import { openTarget, TARGET_FORMS } from "../publish/targets.ts";
import { watch, type Edition } from "../publish/watch.ts";
import { formatTime } from "../time.ts";

const pause = (ms: number): Promise<void> => sleep(ms);

export default defineCommand({
  about: `Publishes what the issuer of a configuration serves (bundle, discovery document, JWKS), made from the configuration alone, where a bucket or a CDN can serve it in the issuer's place. Never goes back: what is there is read first, an older bundle or one of another trust domain is refused, and each write is made on the condition that nobody else wrote. Targets: ${TARGET_FORMS.join(", ")}. docs/publish.md has the set-up of each.`,
  args: {
    ...CONFIG_OPTION,
    to: {
      type: "string",
      valueHint: "TARGET",
      required: true,
      description: "where to; may be given more than once",
      repeatable: true,
    },
    wit: {
      type: "boolean",
      description:
        "publish the bundle with the keys of WIT-SVIDs too, as bundle/wit; in its place where a target holds one bundle",
    },
    watch: {
      type: "boolean",
      description:
        "stay, and publish each change of the timeline and of the configuration; SIGHUP: look at once",
    },
    "dry-run": { type: "boolean", description: "say what would be written, and write nothing" },
    json: { type: "boolean", description: "print JSON; with --watch a line for each change" },
  },
  examples: [
    {
      does: "a bucket that serves https://id.example.org",
      command: "svidmint bundle publish --to s3://id-example-org?region=eu-central-1",
    },
    {
      does: "a web root and an anchor of IAM Roles Anywhere, from now on",
      command:
        "svidmint bundle publish --config prod.yaml --to file:/srv/www/ --to rolesanywhere:arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/4a1b2c3d-0000-4000-8000-123456789abc --watch",
    },
    {
      does: "what would change in a cluster",
      command: "svidmint bundle publish --to configmap:default/trust-bundle --dry-run",
    },
  ],
  exits:
    "0 every target holds what the configuration gives, 1 at least one does not, 2 wrong usage or configuration; with --watch 0 when it is stopped",
  async run(args) {
    const wit = args.wit === true;
    const load = () => editionOf(args.config, wit);
    const first = await load();
    const places = await Promise.all(repeated(args.to).map(opened));
    if (wit && places.some(({ name, holds }) => holds === "site" && name.startsWith("file:")))
      throw new CommandError(
        "a folder cannot hold bundle and bundle/wit: name a file for the latter, such as --to file:bundle-wit.json",
        2,
      );
    if (args.watch === true && args["dry-run"] === true)
      throw new CommandError("--watch writes: it is not for --dry-run", 2);
    if (args.watch === true) {
      onStopSignal(() => Promise.resolve());
      await watch(places, {
        load,
        now: () => platform.now(),
        pause: pauseOrHangUp(),
        stopped: () => false,
        done: (place, published) => tell(place, published, args.json === true),
        failed: (message) => printError(`${formatTime(platform.now())} svidmint: ${message}`),
      });
      return 0;
    }
    const documents = await first.documents(platform.now());
    const options = { pause, dryRun: args["dry-run"] === true };
    const results = await Promise.all(
      places.map(async (place) => resultOf(place, () => publish(place, documents, options))),
    );
    if (args.json === true) printJson({ targets: results.map(({ json }) => json) });
    else
      for (const { lines, error } of results) {
        lines.forEach((line) => print(printable(line)));
        if (error !== undefined) printError(`svidmint: ${printable(error)}`);
      }
    return results.some(({ error }) => error !== undefined) ? 1 : 0;
  },
});

/** Ends early at SIGHUP, as for `serve`: the configuration was changed. */
function pauseOrHangUp(): (ms: number) => Promise<void> {
  let asleep = new AbortController();
  process.on("SIGHUP", () => asleep.abort());
  return async (ms) => {
    const { signal } = asleep;
    await sleep(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    // One that came while work was done is not lost.
    if (signal.aborted) asleep = new AbortController();
  };
}

async function editionOf(path: string, wit: boolean): Promise<Edition> {
  const loaded = await loadKeys(path);
  const material = await publicKeySet(loaded, platform.now());
  return {
    refreshHint: loaded.config.refreshHint,
    documents: (now) => publications(loaded, material, { now, wit }),
    nextChange: (now) => nextChange(livesOf(loaded.timelines), now),
  };
}

/** @throws CommandError (1) */
async function opened(target: string): Promise<Place> {
  try {
    return await openTarget(target);
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    throw new CommandError(error.message, 1, { cause: error });
  }
}

async function resultOf(place: Place, work: () => Promise<readonly Published[]>) {
  try {
    const published = await work();
    return {
      lines: published.map((one) => lineOf(place, one)),
      json: { target: place.name, ok: true, documents: published.map(jsonOf) },
    };
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    const { code, message } = error;
    return { lines: [], error: message, json: { target: place.name, ok: false, code, message } };
  }
}

function tell(place: Place, published: readonly Published[], json: boolean): void {
  const time = formatTime(platform.now());
  if (json) print(JSON.stringify({ time, target: place.name, documents: published.map(jsonOf) }));
  else published.forEach((one) => print(printable(`${time} ${lineOf(place, one)}`)));
}

function lineOf({ name }: Place, { path, outcome, before, sequence }: Published): string {
  const from = before === undefined || before === sequence ? "" : `${before} -> `;
  const told = sequence === undefined ? "" : ` (spiffe_sequence ${from}${sequence})`;
  return `${name}: ${path} ${outcome === "to_write" ? "would be written" : outcome}${told}`;
}

/** As text: 64 bits and more. */
function jsonOf({ path, outcome, before, sequence }: Published) {
  return {
    path,
    outcome,
    ...(before !== undefined && { before: String(before) }),
    ...(sequence !== undefined && { spiffe_sequence: String(sequence) }),
  };
}
