import { PublishError, type Held, type Place, type Publication } from "./place.ts";

export interface Published {
  readonly path: string;
  readonly outcome: "written" | "unchanged" | "to_write";
  /** What was there before, of a bundle. */
  readonly before?: bigint;
  readonly sequence?: bigint;
}

export interface PublishOptions {
  /** Only says what would be done. */
  readonly dryRun?: boolean;
  /** Waits; at once in tests. */
  readonly pause: (ms: number) => Promise<void>;
}

/** How often others may come between before we give up. */
const ROUNDS = 6;
/** How often one call is made where the place does not answer. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;

/**
 * Puts documents where they are to be, never going back. A bundle is read last and written first: a document without a
 * sequence of its own (discovery, JWKS) is then written only over what was read before the bundle that allowed it, so
 * that of two publishers the one with the older bundle can undo nothing, whatever the order of their calls.
 * @throws PublishError
 */
export async function publish(
  place: Place,
  documents: readonly Publication[],
  options: PublishOptions,
): Promise<readonly Published[]> {
  const wanted =
    place.holds === "site"
      ? documents.toSorted((a, b) => Number(hasSequence(b)) - Number(hasSequence(a)))
      : documents.filter(hasSequence).slice(-1);
  const written = new Map<string, Published>();
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await options.pause(FIRST_PAUSE_MS * 2 ** (round - 1)); // oxlint-disable-line no-await-in-loop -- waiting is the point
    const held = await readAll(place, wanted, options); // oxlint-disable-line no-await-in-loop -- each round reads anew
    const outcomes = wanted.map((document) => outcomeOf(document, held.get(document)));
    const due = wanted.filter((_, index) => outcomes[index]?.outcome === "to_write");
    const done = (one: Published): Published => written.get(one.path) ?? one;
    if (due.length === 0 || options.dryRun === true) return outcomes.map(done);
    // oxlint-disable-next-line no-await-in-loop -- each round writes what it read
    if (await writeAll(place, due, held, written, options)) return outcomes.map((one) => done(one));
  }
  throw new PublishError("contended", `${place.name}: others write at the same time: try again`);
}

function hasSequence({ sequence }: Publication): boolean {
  return sequence !== undefined;
}

async function readAll(
  place: Place,
  documents: readonly Publication[],
  options: PublishOptions,
): Promise<ReadonlyMap<Publication, Held>> {
  const held = new Map<Publication, Held>();
  for (const document of documents.toReversed()) {
    const found = await persistently(() => place.read(document), options); // oxlint-disable-line no-await-in-loop -- in their order
    if (found === undefined) continue;
    refuseBackwards(place, document, found);
    held.set(document, found);
  }
  return held;
}

/** @returns false where somebody came between */
async function writeAll(
  place: Place,
  documents: readonly Publication[],
  held: ReadonlyMap<Publication, Held>,
  written: Map<string, Published>,
  options: PublishOptions,
): Promise<boolean> {
  for (const document of documents) {
    const over = held.get(document);
    // oxlint-disable-next-line no-await-in-loop -- in their order
    if (!(await persistently(() => place.write(document, over), options))) return false;
    written.set(document.path, { ...outcomeOf(document, over), outcome: "written" });
  }
  return true;
}

function refuseBackwards(
  { name }: Place,
  { path, sequence }: Publication,
  { same, ...held }: Held,
): void {
  if (sequence === undefined || held.sequence === undefined || same) return;
  if (held.sequence > sequence)
    throw new PublishError(
      "backwards",
      `${name}: ${path} has spiffe_sequence ${held.sequence}, this configuration gives ${sequence}: it is older than what is published`,
    );
  if (held.sequence === sequence)
    throw new PublishError(
      "backwards",
      `${name}: ${path} has spiffe_sequence ${sequence} too, and other bytes: set bundle.changed_at to now where this configuration is the later one`,
    );
}

function outcomeOf({ path, sequence }: Publication, held: Held | undefined): Published {
  return {
    path,
    outcome: held !== undefined && held.same && held.sameHeaders ? "unchanged" : "to_write",
    ...(held?.sequence !== undefined && { before: held.sequence }),
    ...(sequence !== undefined && { sequence }),
  };
}

/** Again, a little later each time, where the place cannot answer now. */
async function persistently<T>(call: () => Promise<T>, { pause }: PublishOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(); // oxlint-disable-line no-await-in-loop -- one after the other
    } catch (error) {
      const passing = error instanceof PublishError && error.code === "unavailable";
      if (!passing || attempt === ATTEMPTS) throw error;
    }
    await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1)); // oxlint-disable-line no-await-in-loop -- waiting is the point
  }
}
