import { later } from "./later.ts";
import type { NextRecord, Records, StoredRecord } from "../../src/stores/records.ts";

/** Records in memory, answered later as over a network, so that steps of several callers mingle. */
export class FakeRecords implements Records {
  readonly stored = new Map<string, StoredRecord & NextRecord>();
  reads = 0;
  writes = 0;
  #version = 0;

  async read(name: string): Promise<StoredRecord | undefined> {
    this.reads++;
    await later();
    return this.stored.get(name);
  }

  async write(
    name: string,
    next: NextRecord | undefined,
    expected: StoredRecord | undefined,
  ): Promise<boolean> {
    this.writes++;
    await later();
    if (this.stored.get(name)?.version !== expected?.version) return false;
    if (next === undefined) this.stored.delete(name);
    else this.stored.set(name, { ...next, version: String(++this.#version) });
    return true;
  }
}
