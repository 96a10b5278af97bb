import { SOURCES } from "../../client/node/sources.ts";
import type { EvidenceSource } from "../../client/node/sources/source.ts";
import { defineCommand } from "../command.ts";
import { CommandError } from "../errors.ts";
import { BASE_OPTIONS, TARGET_OPTIONS } from "../evidence-target.ts";
import { printError } from "../output.ts";
import { ENTRY_OPTION, fetchFrom, OUTPUT_OPTIONS, printEvidence } from "../source-command.ts";

export default defineCommand({
  about:
    "Finds out where it runs and fetches the strongest evidence there is, for S where that can carry it. Environment variables and sockets are looked at first; only where they tell nothing are the metadata services of the clouds asked, all at once, for a second at most. Standard error says what was chosen and why. Whoever controls the environment or the network of this process controls the choice, which the issuer judges anyway; in a script that knows its place, name the source.",
  args: {
    ...TARGET_OPTIONS,
    ...BASE_OPTIONS,
    ...ENTRY_OPTION,
    explain: { type: "boolean", description: "say on standard error all that was looked at" },
    ...OUTPUT_OPTIONS,
  },
  examples: [
    {
      does: "evidence for the key of svid.csr, wherever this is",
      command: "svidmint evidence auto --csr svid.csr --issuer https://id.example.org",
    },
    {
      does: "why this and nothing else",
      command:
        "svidmint evidence auto --csr svid.csr --issuer https://id.example.org --explain >/dev/null",
    },
  ],
  exits: "0 done, 1 nothing is recognised here or it gives no evidence, 2 wrong usage",
  async run({ csr, key, audience, issuer, config, entry, explain, bare, json }) {
    const say = explain === true ? printError : () => {};
    const { name, source, why } = await choose(say);
    printError(`svidmint: ${name}: ${why}`);
    const fetched = await fetchFrom(name, source, {
      target: { csr, key, audience },
      from: { issuer, config },
      entry,
      options: {},
    });
    if (source.audience === "registered" || fetched.audience === undefined)
      printError("svidmint: this evidence names no key: send it to the issuer and to nobody else");
    printEvidence(name, fetched, { bare: bare === true, json: json === true });
    return 0;
  },
});

interface Choice {
  readonly name: string;
  readonly source: EvidenceSource;
  readonly why: string;
}

async function choose(say: (line: string) => void): Promise<Choice> {
  const sources = await Promise.all(
    Object.entries(SOURCES).map(async ([name, { load }]) => ({ name, ...(await load()) })),
  );
  const told = sources.map((one) => ({ ...one, why: one.source.detect?.(process.env) }));
  for (const { name, source, why } of told)
    if (source.detect !== undefined) say(`${name}: ${why ?? "nothing shows it"}`);
  const first = told.find((one): one is Choice => one.why !== undefined);
  if (first !== undefined) return first;

  const asked = await Promise.all(
    sources
      .filter(({ source }) => source.probe !== undefined)
      .map(async (one) => ({ ...one, why: await one.source.probe?.(process.env) })),
  );
  for (const { name, why } of asked) say(`${name}: ${why ?? "no metadata service answers"}`);
  const answered = asked.find((one): one is Choice => one.why !== undefined);
  if (answered !== undefined) return answered;
  throw new CommandError(
    "nothing here is recognised: no variable of a CI service or cloud is set, and no metadata service answers. In a pod project a token for svidmint (svidmint evidence kubernetes --help); else name the source: svidmint evidence --help lists them",
  );
}
