import type { ArgsDef } from "citty";
import { OptionError, SourceError } from "../client/node/source-error.ts";
import type {
  EvidenceParts,
  EvidenceSource,
  SourceContext,
} from "../client/node/sources/source.ts";
import { claimsOf } from "../client/node/token.ts";
import { defineCommand, type Command } from "./command.ts";
import { CommandError, UsageError } from "./errors.ts";
import {
  BASE_OPTIONS,
  registeredAudience,
  sourceBase,
  TARGET_OPTIONS,
  targetAudience,
  type BaseOptions,
  type Target,
} from "./evidence-target.ts";
import { platform } from "./key-file.ts";
import { print, printable, printJson } from "./output.ts";

/** How evidence leaves: the same for every source. */
export const OUTPUT_OPTIONS = {
  bare: { type: "boolean", description: "print the token or document alone" },
  json: {
    type: "boolean",
    description: "print JSON of the evidence and of what it was asked for",
  },
} as const satisfies ArgsDef;

export const ENTRY_OPTION = {
  entry: {
    type: "string",
    valueHint: "NAME",
    description: "entry of the issuer's configuration that is meant, where there are several",
  },
} as const satisfies ArgsDef;

/** Types whose part of the configuration has named entries. */
const WITH_ENTRIES = new Set(["oidc", "x509_pop"]);

/** `svidmint evidence <name>`. */
export function sourceCommand(name: string, source: EvidenceSource): Command {
  const own = Object.entries(source.options ?? {});
  const plain = {
    key: "--csr svid.csr --issuer https://id.example.org",
    registered: "--audience api://6f0c…/svidmint",
    fixed: "",
  }[source.audience];
  const args: ArgsDef = {
    ...(source.audience === "key" && { ...TARGET_OPTIONS, ...BASE_OPTIONS }),
    ...(source.audience === "registered" && {
      audience: { ...TARGET_OPTIONS.audience, description: "the registered application" },
      config: { ...BASE_OPTIONS.config, description: "take the audience from this configuration" },
    }),
    ...Object.fromEntries(
      own.map(([option, { value, about }]) => [
        option,
        value === undefined
          ? { type: "boolean" as const, description: about }
          : { type: "string" as const, valueHint: value, description: about },
      ]),
    ),
    ...(WITH_ENTRIES.has(source.type) && ENTRY_OPTION),
    ...OUTPUT_OPTIONS,
  };
  const example = ["svidmint evidence", name, plain, source.needs].filter(Boolean).join(" ");
  return defineCommand({
    about: `${source.about} Prints one member of evidence, as svidmint attest and POST /v1/svids take it.`,
    args,
    examples: [
      { does: "evidence, as a request carries it", command: example },
      ...(source.examples ?? []).map(({ does, options }) => ({
        does,
        command: `${example} ${options}`,
      })),
    ],
    exits: "0 done, 1 there is no such evidence here, 2 wrong usage or configuration",
    async run(given: Readonly<Record<string, unknown>>) {
      const text = (option: string) => {
        const value = given[option];
        return typeof value === "string" ? value : undefined;
      };
      const options = Object.fromEntries(
        own.map(([option]) => [option, given[option] === true ? "yes" : text(option)]),
      );
      const target = { csr: text("csr"), key: text("key"), audience: text("audience") };
      const from = { issuer: text("issuer"), config: text("config") };
      const fetched = await fetchFrom(name, source, {
        target,
        from,
        entry: text("entry"),
        options,
      });
      printEvidence(name, fetched, { bare: given["bare"] === true, json: given["json"] === true });
      return 0;
    },
  });
}

export interface Wanted {
  readonly target: Target;
  readonly from: BaseOptions;
  readonly entry?: string | undefined;
  readonly options: SourceContext["options"];
}

export interface Fetched {
  /** One member of `evidence` of `POST /v1/svids`, as the issuer takes it. */
  readonly evidence: EvidenceParts & { readonly type: string };
  /** What it was asked for, where the source asks for anything. */
  readonly audience?: string;
}

/** @throws CommandError (1) with what mends it, where there is no such evidence here */
export async function fetchFrom(
  name: string,
  source: EvidenceSource,
  { target, from, entry, options }: Wanted,
): Promise<Fetched> {
  const { type, presets = [name] } = source;
  let asked: string | undefined;
  const context: SourceContext = {
    env: process.env,
    platform,
    options,
    async audience() {
      asked =
        source.audience === "registered"
          ? (target.audience ?? (await registeredAudience(name, from)))
          : await targetAudience(target, () => sourceBase({ type, presets, entry }, from));
      return asked;
    },
  };
  const parts = await source.fetch(context).catch((error: unknown) => {
    if (error instanceof OptionError) throw new UsageError(printable(error.message));
    if (error instanceof SourceError)
      throw new CommandError(printable(error.message), 1, { cause: error });
    throw error;
  });
  if (entry !== undefined && !WITH_ENTRIES.has(type))
    throw new UsageError(`there are no entries of ${type}: leave --entry out`);
  return {
    evidence: { type, ...parts, ...(entry !== undefined && { entry }) },
    ...(asked !== undefined && { audience: asked }),
  };
}

/** The evidence is what was asked for; nothing else that a source held is printed. */
export function printEvidence(
  source: string,
  { evidence, audience }: Fetched,
  how: { readonly bare: boolean; readonly json: boolean },
): void {
  const { type, entry: _, ...parts } = evidence;
  if (how.bare) {
    const [bare, more] = Object.values(parts);
    if (bare === undefined || more !== undefined)
      throw new UsageError(`evidence of type ${type} has several parts: leave --bare out`);
    print(bare);
    return;
  }
  if (!how.json) {
    print(JSON.stringify(evidence));
    return;
  }
  const { token } = parts;
  const expires = token === undefined ? undefined : claimsOf(token)["exp"];
  printJson({
    source,
    ...(audience !== undefined && { audience }),
    ...(typeof expires === "number" && { expires_at: expires }),
    evidence,
  });
}
