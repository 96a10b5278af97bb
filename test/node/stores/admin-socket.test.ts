import { stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openClaimAdmin } from "../../../src/stores/node/admin-client.ts";
import { serveAdmin } from "../../../src/stores/node/admin-socket.ts";
import { StoreError } from "../../../src/stores/store-error.ts";
import { ask, freshDirectory, NOW, opened } from "./file-support.ts";

const KEY = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea";
const OWNER = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const OTHER = "AzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

async function running() {
  const directory = await freshDirectory();
  const store = await opened(directory);
  const server = await serveAdmin(store, directory);
  return { directory, store, server };
}

/** Sends text to the socket. @returns all that came back before the connection ended */
function say(directory: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(join(directory, "admin.sock"), () => socket.write(text));
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      answer += part;
      socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

describe("a command beside a running server", () => {
  it("does through the server what it would do with the file", async () => {
    const { directory, store, server } = await running();
    await ask(store, KEY, OTHER);
    const admin = await openClaimAdmin(directory);
    expect(await admin.show(KEY)).toEqual(await store.show(KEY));
    await admin.assign(KEY, OWNER, NOW, 1000);
    expect(await ask(store, KEY, OTHER, { requestId: "later" })).toBe("taken");
    expect(await ask(store, KEY, OWNER)).toBe("same");
    expect(await admin.list()).toEqual(await store.list());
    expect(await admin.release(KEY, { owner: OTHER })).toBe(false);
    await admin.ban(KEY, NOW);
    expect(await ask(store, KEY, OWNER)).toBe("banned");
    expect(await admin.show(KEY)).toMatchObject({ banned: true, expiresAt: Infinity });
    expect(await admin.release(KEY)).toBe(true);
    expect(await admin.show(KEY)).toBeUndefined();
    await admin.close();
    await server.close();
  });

  it("answers many questions at once, each its own", async () => {
    const { directory, store, server } = await running();
    const keys = Array.from({ length: 50 }, (_, i) => i.toString(16).padStart(64, "0"));
    await Promise.all(keys.map((key, i) => ask(store, key, `owner-${i}`)));
    const admin = await openClaimAdmin(directory);
    const records = await Promise.all(keys.map((key) => admin.show(key)));
    expect(records.map((record) => record?.owners[0]?.owner)).toEqual(
      keys.map((_, i) => `owner-${i}`),
    );
    await admin.close();
    await server.close();
  });

  it("opens the file itself where no server runs, be its socket still there", async () => {
    const { directory, store, server } = await running();
    await store.assign(KEY, OWNER, NOW, 1000);
    await server.close();
    await store.close();
    for (let i = 0; i < 2; i++) {
      const admin = await openClaimAdmin(directory); // oxlint-disable-line no-await-in-loop -- one after another
      expect((await admin.show(KEY))?.owners[0]?.owner).toBe(OWNER); // oxlint-disable-line no-await-in-loop -- one after another
      await admin.close(); // oxlint-disable-line no-await-in-loop -- one after another
      await writeFile(join(directory, "admin.sock"), ""); // oxlint-disable-line no-await-in-loop -- what a killed server leaves
    }
  });

  it("replaces the socket of a server that died", async () => {
    const directory = await freshDirectory();
    await writeFile(join(directory, "admin.sock"), "");
    const store = await opened(directory);
    const server = await serveAdmin(store, directory);
    const admin = await openClaimAdmin(directory);
    expect(await admin.list()).toEqual([]);
    await admin.close();
    await server.close();
  });

  it("is told why the store failed, and that the server went away", async () => {
    const directory = await freshDirectory();
    const store = await opened(directory);
    const failing = { ...store, ban: () => Promise.reject(new StoreError("lost", "taken over")) };
    const server = await serveAdmin(failing, directory);
    const admin = await openClaimAdmin(directory);
    await expect(admin.ban(KEY, NOW)).rejects.toMatchObject({
      code: "lost",
      message: "taken over",
    });
    await server.close();
    await expect(admin.show(KEY)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("tells nothing of a fault that is not the store's word", async () => {
    const directory = await freshDirectory();
    const store = await opened(directory);
    const failing = { ...store, list: () => Promise.reject(new TypeError("secret")) };
    const server = await serveAdmin(failing, directory);
    const admin = await openClaimAdmin(directory);
    await expect(admin.list()).rejects.toThrow("the store failed");
    await admin.close();
    await server.close();
  });
});

describe("the socket", () => {
  it("is its owner's alone, and gone with the server", async () => {
    const { directory, server } = await running();
    expect((await stat(join(directory, "admin.sock"))).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(stat(join(directory, "admin.sock"))).rejects.toThrow("ENOENT");
  });

  it.each<[string, string]>([
    ["no json", "hello\n"],
    ["an http request", "POST / HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["no operation", '{"id":1}\n'],
    ["an operation of workloads", `{"id":1,"op":"claim","key":"${KEY}"}\n`],
    ["a key of another form", '{"id":1,"op":"show","key":"../x"}\n'],
    [
      "an owner of another form",
      `{"id":1,"op":"assign","key":"${KEY}","owner":"x","now":1,"ttl":1}\n`,
    ],
    ["a time that is none", `{"id":1,"op":"ban","key":"${KEY}","now":-1}\n`],
    ["one member too many", `{"id":1,"op":"show","key":"${KEY}","all":true}\n`],
    ["a line without end", "x".repeat(10_000)],
  ])("hangs up on %s, and goes on with others", async (_, text) => {
    const { directory, store, server } = await running();
    expect(await say(directory, text)).toBe("");
    expect(await say(directory, '{"id":7,"op":"list"}\n')).toBe('{"id":7,"records":[]}\n');
    expect(await store.list()).toEqual([]);
    await server.close();
  });

  it("says so where its path is too long for the system", async () => {
    const directory = await freshDirectory();
    const store = await opened(directory);
    await expect(serveAdmin(store, `${directory}/${"x".repeat(120)}`)).rejects.toThrow(
      /cannot listen on/,
    );
  });
});
