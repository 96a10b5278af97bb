import type { Platform } from "../../../platform/platform.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a source may ask of whoever wants its evidence. */
export interface SourceContext {
  readonly env: Environment;
  readonly platform: Platform;
  /**
   * What the evidence is to be made for: S of the key at hand, or the audience that was given instead.
   * @throws where neither was given
   */
  readonly audience: () => Promise<string>;
  /** Values of the source's own options that were given. */
  readonly options: Readonly<Record<string, string | undefined>>;
}

interface SourceOption {
  /** What stands for the value in the help; none: the option is a switch, and its value is `"yes"`. */
  readonly value?: string;
  readonly about: string;
}

export type EvidenceParts = Readonly<Record<string, string>>;

/** One kind of evidence, fetched as the workload that has it would. One file and one line of `sources.ts` each. */
export interface EvidenceSource {
  /** Of the evidence: `aws_iid`, `oidc` … */
  readonly type: string;
  /** Whence it comes and what it needs, for the help. */
  readonly about: string;
  /**
   * `key`: it can carry S. `registered`: its audience is an application known to the cloud.
   * `fixed`: whatever it is for was decided elsewhere, or it is for nobody in particular.
   */
  readonly audience: "key" | "registered" | "fixed";
  readonly options?: Readonly<Record<string, SourceOption>>;
  /** Presets of `oidc` that are for its tokens; that of its own name unless told. */
  readonly presets?: readonly string[];
  /** Options without which there is nothing to fetch, as an example gives them. */
  readonly needs?: string;
  /** Further examples: the options that they add. */
  readonly examples?: readonly { readonly does: string; readonly options: string }[];
  /** Whether the environment alone shows that this is the place: what was seen, else undefined. */
  detect?(env: Environment): string | undefined;
  /** Asked where no environment told: whether its metadata service answers, within a second. */
  probe?(env: Environment): Promise<string | undefined>;
  /** The members beside `type`. @throws SourceError, whose message says what mends it */
  fetch(context: SourceContext): Promise<EvidenceParts>;
}
