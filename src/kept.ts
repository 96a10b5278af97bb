/**
 * What outlives the configuration that it was made for: the caches and connections behind a part which the next
 * configuration has as well.
 * @param key everything that `make` depends on
 */
export type Keep = <T>(key: string, make: () => T) => T;

/** One configuration's share of it. The next one is given what it asks for again; the rest goes with this one. */
export class Kept {
  readonly #made = new Map<string, unknown>();
  #before: ReadonlyMap<string, unknown>;

  /** @param before of the configuration that is in force */
  constructor(before?: Kept) {
    this.#before = before === undefined ? new Map() : before.#made;
  }

  readonly keep: Keep = <T>(key: string, make: () => T): T => {
    if (!this.#made.has(key))
      this.#made.set(key, this.#before.has(key) ? this.#before.get(key) : make());
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key says what was made
    return this.#made.get(key) as T;
  };

  /** The configuration is in force: what it did not ask for is let go. */
  settle(): void {
    this.#before = new Map();
  }
}
