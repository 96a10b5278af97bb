/** A record as it stands, with what tells it from every other state of its name. */
export interface StoredRecord {
  readonly text: string;
  /** Never the same for two texts of one name. */
  readonly version: string;
}

export interface NextRecord {
  readonly text: string;
  /** Unix seconds from which the store may forget it by itself; absent: never. */
  readonly keepUntil?: number;
}

/**
 * What a store over a network brings: named texts that change only from a known state to the next. Everything else
 * is `optimisticStore`. A name is of A-Z, a-z, 0-9, `-`, `_` and `.`, 1 to 500 characters. Every call throws a
 * StoreError where it was not answered within `timeoutMs`; a write may have happened all the same.
 */
export interface Records {
  /** Whether first use can be decided here at all: asked before anything else until it resolves once. */
  check?(timeoutMs: number): Promise<void>;
  /** Linearisable: sees every write that was answered before it was asked. */
  read(name: string, timeoutMs: number): Promise<StoredRecord | undefined>;
  /**
   * One atomic step. @param next undefined: remove it. @param expected undefined: nothing stands there
   * @returns false, with nothing changed, where something else than `expected` stands there
   */
  write(
    name: string,
    next: NextRecord | undefined,
    expected: StoredRecord | undefined,
    timeoutMs: number,
  ): Promise<boolean>;
  close?(): Promise<void>;
}

/** Of a text, in characters. What 1024 owners need is 160 KiB, what the smallest store takes is 400 KB. */
export const MAX_RECORD_LENGTH = 380 * 1024;
