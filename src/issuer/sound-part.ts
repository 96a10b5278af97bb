import type * as z from "zod/mini";
import type { ConfigIssue } from "../config-issue.ts";
import { isMap } from "../policy/schema-issues.ts";

type Path = ConfigIssue["path"];

/** What can be judged of a section before all of its form is right. */
export interface SoundPart<C> {
  readonly value: C;
  /**
   * Where something of `value` stands in the section as it was written: lists may have lost members.
   * @returns undefined where anything at, above or below it was left out or stood in for: what is found there says nothing
   */
  readonly placeOf: (path: Path) => Path | undefined;
}

/** Of a section whose form is right. */
export function wholeOf<C>(value: C): SoundPart<C> {
  return { value, placeOf: (path) => path };
}

const GONE = Symbol("left out");
/** What is still wrong then is judged another time. */
const MAX_ROUNDS = 16;

/**
 * The section without the members whose form is wrong, so that what else is wrong with it need not wait for them.
 * @param standIns members by their names, `*` for any, that take the place of wrong ones which the rest cannot be without
 * @returns undefined where nothing is left that could be judged
 */
export function soundPart<C>(
  schema: z.ZodMiniType<C>,
  section: unknown,
  standIns: unknown,
): SoundPart<C> | undefined {
  const draft = { root: compact(section) };
  const changed = new Paths();
  const replaced = new Set<string>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const parsed = schema.safeParse(compact(draft.root));
    if (parsed.success) return partOf(parsed.data, draft.root, changed);
    const places = parsed.error.issues.flatMap(placesOf).map(placesIn(draft.root));
    const now = new Paths();
    for (const place of places) {
      // What is wrong within what was changed just now is wrong no more.
      if (now.hold(place)) continue;
      const path = change(draft, place, standIns, replaced);
      if (path === undefined) return undefined;
      now.add(path);
      changed.add(path);
    }
  }
  return undefined;
}

function partOf<C>(value: C, root: unknown, changed: Paths): SoundPart<C> {
  const placeIn = placesIn(root);
  return {
    value,
    placeOf(path) {
      const place = placeIn(path);
      return changed.hold(place) || changed.touch(place) ? undefined : place;
    },
  };
}

function placesOf(issue: z.core.$ZodIssue): readonly Path[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...path, key]);
  if (issue.code !== "invalid_union") return [path];
  // One value or a list of them: what is wrong in the list.
  const inner = issue.errors.flat().filter(({ path: deeper }) => deeper.length > 0);
  return inner.length === 0
    ? [path]
    : inner.flatMap(placesOf).map((deeper) => [...path, ...deeper]);
}

/** Puts a stand-in there, else leaves out what is there, else what holds it. @returns where; undefined at the root */
function change(
  draft: { root: unknown },
  path: Path,
  standIns: unknown,
  replaced: Set<string>,
): Path | undefined {
  const key = path.at(-1);
  if (key === undefined) return lacking(draft.root, standIns);
  const above = path.slice(0, -1);
  const holder = at(draft.root, above);
  const name = JSON.stringify(path);
  const standIn = standInAt(standIns, path);
  if (isMap(holder) && standIn !== undefined && !replaced.has(name)) {
    replaced.add(name);
    Object.assign(holder, { [key]: compact(standIn) });
    return path;
  }
  const value = isMap(holder) && Object.hasOwn(holder, key) ? holder[key] : GONE;
  if (!isMap(holder) || value === GONE) return change(draft, above, standIns, replaced);
  Object.assign(holder, { [key]: GONE });
  return path;
}

/** Where the section as a whole is wrong, it lacks one of several members. */
function lacking(root: unknown, standIns: unknown): Path | undefined {
  if (!isMap(root) || !isMap(standIns)) return undefined;
  const name = Object.keys(standIns).find((one) => one !== "*" && !Object.hasOwn(root, one));
  if (name === undefined) return undefined;
  Object.assign(root, { [name]: compact(standIns[name]) });
  return [name];
}

function at(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (isMap(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    root,
  );
}

function standInAt(standIns: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => at(value, [step]) ?? at(value, ["*"]), standIns);
}

/** A copy: what was shared by an alias, or is a stand-in, is changed in one place alone. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== GONE).map(compact);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== GONE);
  return Object.fromEntries(entries.map(([key, one]) => [key, compact(one)]));
}

/** Where what a compacted `root` has at a path stands in `root`, which is left as it is meanwhile. */
function placesIn(root: unknown): (path: Path) => Path {
  // Once for each list: there may be as many mistakes as members.
  const kept = new Map<readonly unknown[], readonly number[]>();
  const keptIn = (list: readonly unknown[]): readonly number[] => {
    const known = kept.get(list) ?? [...list.keys()].filter((index) => list[index] !== GONE);
    kept.set(list, known);
    return known;
  };
  return (path) => {
    let value = root;
    return path.map((written) => {
      const list = Array.isArray(value) && typeof written === "number" ? value : undefined;
      const step = list === undefined ? written : (keptIn(list)[Number(written)] ?? list.length);
      value = at(value, [step]);
      return step;
    });
  };
}

/** Paths, by themselves and by what lies above them: asked in time that does not grow with their number. */
class Paths {
  readonly #all = new Set<string>();
  readonly #above = new Set<string>();

  add(path: Path): void {
    this.#all.add(JSON.stringify(path));
    for (const one of prefixesOf(path)) this.#above.add(one);
  }

  /** Whether the path is one of them, or lies below one. */
  hold(path: Path): boolean {
    return prefixesOf(path).some((one) => this.#all.has(one));
  }

  /** Whether the path is one of them, or lies above one. */
  touch(path: Path): boolean {
    return this.#above.has(JSON.stringify(path));
  }
}

function prefixesOf(path: Path): readonly string[] {
  return [...path.keys(), path.length].map((length) => JSON.stringify(path.slice(0, length)));
}
