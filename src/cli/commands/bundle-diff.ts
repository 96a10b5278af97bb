import {
  difference,
  keyLine,
  readBundle,
  type Direction,
  type ShownKey,
} from "../bundle/compare.ts";
import { findDocument } from "../bundle/source.ts";
import { defineCommand } from "../command.ts";
import { print, printable, printJson } from "../output.ts";

const WORDS: Readonly<Record<Direction, string>> = {
  same: "does not change",
  forward: "goes forward",
  backward: "goes BACKWARD: consumers keep the first",
  unknown: "is missing in one of them",
};

export default defineCommand({
  about:
    "Says what changes from one bundle to another: keys that come and go, and whether the sequence goes forward, as consumers ask of it.",
  args: {
    a: { type: "positional", required: true, description: "the earlier: a file, - or a URL" },
    b: { type: "positional", required: true, description: "the later one" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    {
      does: "what a deployment would change for consumers",
      command: "svidmint bundle diff https://id.example.org/bundle bundle.json",
    },
  ],
  exits:
    "0 the same keys, sequence and hint, 1 they differ, or the sequence does not go forward with them, 2 wrong usage",
  async run(args) {
    const before = readBundle(await findDocument(args.a));
    const after = readBundle(await findDocument(args.b));
    const { removed, added, direction, hintChanged } = difference(before, after);
    const changed = removed.length + added.length > 0 || hintChanged;
    const stuck = changed && direction !== "forward";
    if (args.json === true)
      printJson({
        removed: removed.map(jsonOf),
        added: added.map(jsonOf),
        sequence: direction,
        refresh_hint_changed: hintChanged,
        consumers_would_follow: !stuck && direction !== "backward",
      });
    else {
      for (const key of removed) print(printable(`- ${keyLine(key)}`));
      for (const key of added) print(printable(`+ ${keyLine(key)}`));
      if (hintChanged)
        print(`refresh hint ${before.refreshHint ?? "none"} -> ${after.refreshHint ?? "none"}`);
      const sequences =
        direction === "same"
          ? String(before.sequence ?? "none")
          : `${before.sequence ?? "none"} -> ${after.sequence ?? "none"}`;
      print(`spiffe_sequence ${sequences}: ${WORDS[direction]}`);
      if (stuck && direction === "same")
        print("  though the bundle does: consumers may take the two for one");
    }
    return changed || direction !== "same" ? 1 : 0;
  },
});

function jsonOf({ use, name, key, notAfter }: ShownKey) {
  return { use, name, key, ...(notAfter !== undefined && { not_after: notAfter }) };
}
