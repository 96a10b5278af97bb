import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import type { TimedKeySet } from "../signer/key-set.ts";
import { checkApart, type Domain } from "./apart.ts";
import type { Config } from "./config.ts";
import { checkSharedEvidence } from "./shared-evidence.ts";

/** One of several configurations of a process. */
export interface Neighbour {
  /** As people call it. */
  readonly file: string;
  readonly config: Config;
  /** Where it keeps keys or claims of its own. */
  readonly folders: readonly string[];
  /** Absent where they are not read. */
  readonly keys?: Pick<TimedKeySet, "names">;
}

/** Sound by itself, but not beside another that is in force. */
export class NeighbourError extends ConfigError {}

/** @returns what keeps `one` from being served beside `other`; paths are those of `one` */
export function checkBeside(one: Neighbour, other: Neighbour): readonly ConfigIssue[] {
  const issues = [
    ...checkApart(domainOf(one), domainOf(other)),
    ...checkSharedEvidence(one.config, other.config, other.file),
  ];
  const folder = one.folders.find((path) => other.folders.includes(path));
  if (folder !== undefined)
    issues.push({
      path: [],
      message: `keeps keys or claims in ${folder}, as ${other.file} does: put it into a folder of its own`,
      severity: "error",
    });
  return issues;
}

function domainOf({ file, config: { trustDomain, issuer }, keys }: Neighbour): Domain {
  return { file, trustDomain, issuer, keys };
}

/** The configurations in force: another version of one has to fit beside all the others. */
export class Neighbours {
  readonly #inForce = new Map<string, Neighbour>();

  /** @throws NeighbourError */
  admit(one: Neighbour): void {
    const others = [...this.#inForce.values()].filter(({ file }) => file !== one.file);
    const issues = others.flatMap((other) => checkBeside(one, other));
    if (issues.length > 0) throw new NeighbourError(issues);
  }

  /** For those that never change. @throws NeighbourError */
  join(one: Neighbour): void {
    this.admit(one);
    this.enter(one);
  }

  enter(one: Neighbour): void {
    this.#inForce.set(one.file, one);
  }
}
