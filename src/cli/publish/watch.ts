import { PublishError, type Place, type Publication } from "./place.ts";
import { publish, type Published } from "./publish.ts";
import { CommandError } from "../errors.ts";

/** What a configuration gives, now and later. */
export interface Edition {
  /** Seconds: how often it is asked for by consumers. */
  readonly refreshHint: number;
  documents(now: number): Promise<readonly Publication[]>;
  /** Unix seconds of the next change by the timeline alone; `Infinity` for none. */
  nextChange(now: number): number;
}

export interface WatchOptions {
  /** Reads the configuration. @throws CommandError with what is wrong */
  readonly load: () => Promise<Edition>;
  /** Unix seconds. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly stopped: () => boolean;
  readonly done: (place: Place, published: readonly Published[]) => void;
  readonly failed: (message: string) => void;
}

/** The longest that a change of the configuration waits. */
const MAX_PAUSE_SECONDS = 60;
/** Part of the refresh hint. */
const PAUSE_PART = 5;

/**
 * Publishes whenever the timeline or the configuration changes the documents, and looks after them each refresh hint.
 * A configuration that cannot be read any more stops no rotation: the last good one stands until it is mended.
 * @throws CommandError where the first one is wrong
 */
export async function watch(places: readonly Place[], options: WatchOptions): Promise<void> {
  const states = places.map((place) => new PlaceState(place, options));
  let edition: Edition | undefined;
  let complaint = "";
  while (!options.stopped()) {
    try {
      edition = await options.load(); // oxlint-disable-line no-await-in-loop -- one round after the other
      complaint = "";
    } catch (error) {
      if (!(error instanceof CommandError) || edition === undefined) throw error;
      if (error.message !== complaint)
        options.failed(`${error.message}\nthe configuration that was read before stands`);
      complaint = error.message;
    }
    const now = options.now();
    const documents = await edition.documents(now); // oxlint-disable-line no-await-in-loop -- likewise
    const { refreshHint } = edition;
    await Promise.all(states.map((state) => state.round(documents, now, refreshHint))); // oxlint-disable-line no-await-in-loop -- likewise
    const usual = Math.min(refreshHint / PAUSE_PART, MAX_PAUSE_SECONDS);
    const seconds = Math.max(1, Math.min(usual, edition.nextChange(now) - options.now()));
    await options.pause(seconds * 1000); // oxlint-disable-line no-await-in-loop -- waiting is the point
  }
}

class PlaceState {
  readonly #place: Place;
  readonly #options: WatchOptions;
  /** What was last found or put there. */
  #bodies: string | undefined;
  #checkedAt = -Infinity;
  #complaint = "";

  constructor(place: Place, options: WatchOptions) {
    this.#place = place;
    this.#options = options;
  }

  async round(documents: readonly Publication[], now: number, refreshHint: number): Promise<void> {
    const bodies = JSON.stringify(
      documents.map(({ path, body, cacheControl }) => [path, body, cacheControl]),
    );
    if (bodies === this.#bodies && now - this.#checkedAt < refreshHint) return;
    try {
      const published = await publish(this.#place, documents, { pause: this.#options.pause });
      if (this.#bodies === undefined || published.some(({ outcome }) => outcome === "written"))
        this.#options.done(this.#place, published);
      this.#bodies = bodies;
      this.#checkedAt = now;
      this.#complaint = "";
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      // Tried again each round, and told once.
      this.#bodies = undefined;
      if (error.message !== this.#complaint) this.#options.failed(error.message);
      this.#complaint = error.message;
    }
  }
}
