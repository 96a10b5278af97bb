import { keyLine, readBundle, shownKeys } from "../bundle/compare.ts";
import { bundleFindings } from "../bundle/findings.ts";
import { findDocument, type FoundDocument } from "../bundle/source.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { nextChange } from "../../signer/timeline.ts";
import { defineCommand } from "../command.ts";
import { CommandError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { CONFIG_OPTION, loadKeys } from "../keys/load.ts";
import { publicKeySet } from "../keys/material.ts";
import { livesOf } from "../keys/state.ts";
import { print, printable, printFields, printJson } from "../output.ts";
import { publications } from "../publish/documents.ts";
import { formatDuration, formatTime } from "../time.ts";

export default defineCommand({
  about:
    "Puts a bundle into words: its keys, how old it is, and what consumers would stumble over. Without a file or URL, the one that a configuration gives now, and when it next changes.",
  args: {
    source: {
      type: "positional",
      required: false,
      description: "a file, - for standard input, or a URL; none: our own",
    },
    ...CONFIG_OPTION,
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "ours, and its next change", command: "svidmint bundle show" },
    { does: "what is served", command: "svidmint bundle show https://id.example.org/bundle" },
  ],
  exits: "0 shown, 1 it is no bundle, or cannot be had, 2 wrong usage or configuration",
  async run(args) {
    const now = platform.now();
    const own = args.source === undefined ? await ownBundle(args.config, now) : undefined;
    const document = own?.document ?? (await findDocument(args.source ?? "-"));
    const bundle = readBundle(document);
    const { trustDomain } = own ?? {};
    const findings = await bundleFindings(document, { trustDomain, now });
    const keys = shownKeys(bundle);
    const { sequence, refreshHint } = bundle;
    if (args.json === true) {
      printJson({
        ...(trustDomain !== undefined && { trust_domain: trustDomain }),
        // As text: 64 bits and more.
        ...(sequence !== undefined && { spiffe_sequence: String(sequence) }),
        ...(refreshHint !== undefined && { spiffe_refresh_hint: refreshHint }),
        ...(own?.next !== undefined && { next_change: formatTime(own.next) }),
        keys: keys.map(({ use, name, key, notBefore, notAfter }) => ({
          use,
          name,
          key,
          ...(notBefore !== undefined && { not_before: formatTime(notBefore) }),
          ...(notAfter !== undefined && { not_after: formatTime(notAfter) }),
        })),
        findings,
      });
      return 0;
    }
    print(printable(`bundle of ${trustDomain ?? document.name}`));
    printFields(
      [
        ["sequence", sequenceWords(sequence, now)],
        ["refresh hint", refreshHint === undefined ? "none" : formatDuration(refreshHint)],
        ["served", servedWords(document)],
        ["next change", own && (own.next === undefined ? "none planned" : formatTime(own.next))],
      ],
      "  ",
    );
    for (const key of keys) print(printable(`  ${keyLine(key)}`));
    for (const { severity, path, message } of findings)
      print(printable(`${severity}: ${path === "" ? "" : `${path}: `}${message}`));
    return 0;
  },
});

async function ownBundle(config: string, now: number) {
  const loaded = await loadKeys(config);
  const material = await publicKeySet(loaded, now);
  const [bundle] = await publications(loaded, material, { now, wit: false });
  if (bundle === undefined) throw new CommandError("there is no bundle");
  const next = nextChange(livesOf(loaded.timelines), now);
  const document: FoundDocument = { name: config, bytes: utf8Encode(bundle.body) };
  return {
    trustDomain: loaded.config.trustDomain,
    document,
    ...(Number.isFinite(next) && { next }),
  };
}

/** Most issuers, ours among them, count in seconds of the last change. */
function sequenceWords(sequence: bigint | undefined, now: number): string {
  if (sequence === undefined) return "none";
  const seconds = Number(sequence);
  const plausible = seconds > 1_000_000_000 && seconds <= now + 86_400;
  return plausible ? `${sequence} (a time: ${formatTime(seconds)})` : String(sequence);
}

function servedWords({ headers }: FoundDocument): string | undefined {
  if (headers === undefined) return undefined;
  const age = headers.get("age");
  const control = headers.get("cache-control") ?? "no Cache-Control";
  return age === null ? control : `${control}; ${age} s in a cache so far`;
}
