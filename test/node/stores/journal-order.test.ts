import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileState } from "../../../src/stores/node/file-state.ts";
import type { OpenFile } from "../../../src/stores/node/journal.ts";
import { ask, freshDirectory, journals, NOW, opened } from "./file-support.ts";

/** Tells of each wish that the disk may keep a file, before it is granted. */
function watched(asked: (wish: "sync" | "datasync") => Promise<void>): OpenFile {
  return async (path, flags, mode) =>
    new Proxy(await open(path, flags, mode), {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name !== "sync" && name !== "datasync") return value.bind(target);
        return async () => {
          await asked(name);
          await target[name]();
        };
      },
    });
}

describe("the order of what the disk is asked", () => {
  it("has the new file kept before the one that it replaces is removed", async () => {
    const directory = await freshDirectory();
    await (await opened(directory)).close();
    const there: string[][] = [];
    const openFile = watched(async (wish) => {
      if (wish === "sync") there.push(await journals(directory));
    });
    await opened(directory, { openFile });
    expect(there).toEqual([["claims.0000000001.log", "claims.0000000002.log"]]);
    expect(await journals(directory)).toEqual(["claims.0000000002.log"]);
  });

  it("answers nothing where another took over while the disk was busy", async () => {
    const directory = await freshDirectory();
    const openFile = watched(async (wish) => {
      if (wish === "datasync") await writeFile(join(directory, "claims.0000000002.log"), "");
    });
    const store = await opened(directory, { openFile });
    await expect(ask(store, "k", "a")).rejects.toMatchObject({ code: "lost" });
  });

  it("answers nothing on top of a failure, not even what was decided in the same moment", async () => {
    const openFile = watched(async (wish) => {
      if (wish === "datasync") throw Object.assign(new Error("EIO"), { code: "EIO" });
    });
    const state = await FileState.load(await freshDirectory(), openFile);
    for (const key of ["one", "other"]) {
      state.change(["once", key, NOW]);
      await expect(state.commit()).rejects.toMatchObject({ code: "unavailable" }); // oxlint-disable-line no-await-in-loop -- one after the other
    }
  });
});
