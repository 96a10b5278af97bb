import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { peerFolder, peerStoreOf } from "../../../src/runtimes/node/peer-folder.ts";
import { temporaryFolders } from "../cli/run.ts";

const folder = temporaryFolders();
const bytes = utf8Encode("{}");

describe("a folder of peers' bundles", () => {
  it("keeps each in a file of its own, for its owner's eyes", async () => {
    const directory = join(await folder(), "a", "peers");
    const store = peerFolder(directory);
    expect(await store.get("peer:prod.example:partner.example")).toBeUndefined();
    await store.put("peer:prod.example:partner.example", bytes);
    await store.put("peer:prod.example:partner.example", utf8Encode("new"));
    await store.put("peer:prod.example:other.example", bytes);
    expect(await store.get("peer:prod.example:partner.example")).toEqual(utf8Encode("new"));
    const files = await readdir(directory);
    expect(files.toSorted()).toEqual([
      "peer%3Aprod.example%3Aother.example.json",
      "peer%3Aprod.example%3Apartner.example.json",
    ]);
    for (const file of files)
      // oxlint-disable-next-line no-await-in-loop -- two
      expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it.each(["peer:..:..", "peer:.:.", "peer:a/../..:b", "../x", "peer:\u0000:x"])(
    "is not left by the name %j",
    async (name) => {
      const outer = await folder();
      const store = peerFolder(join(outer, "peers"));
      await store.put(name, bytes);
      expect(await store.get(name)).toEqual(bytes);
      expect(await readdir(outer)).toEqual(["peers"]);
      expect((await readdir(join(outer, "peers"))).length).toBe(1);
    },
  );

  it("leaves what was there where it cannot write, and no draft", async () => {
    const directory = join(await folder(), "peers");
    const store = peerFolder(directory);
    await store.put("peer:a:b", bytes);
    const name = `peer:a:${"b".repeat(300)}`;
    await expect(store.put(name, bytes)).rejects.toThrow("ENAMETOOLONG");
    expect((await readdir(directory)).length).toBe(1);
    await chmod(join(directory, "peer%3Aa%3Ab.json"), 0o644);
    await store.put("peer:a:b", utf8Encode("new"));
    expect((await stat(join(directory, "peer%3Aa%3Ab.json"))).mode & 0o777).toBe(0o600);
  });

  it("says what it cannot read", async () => {
    const outer = await folder();
    await writeFile(join(outer, "peers"), "a file");
    await expect(peerFolder(join(outer, "peers")).get("peer:a:b")).rejects.toThrow("ENOTDIR");
    expect(await readFile(join(outer, "peers"), "utf8")).toBe("a file");
  });

  const single = { issuer: "http://localhost:8080", singleInstance: false };
  const many = { issuer: "https://id.example", singleInstance: false };
  it.each([
    ["one instance on this machine", single, true],
    ["one instance that says so", { ...many, singleInstance: true }, true],
    ["a store that forgets", { ...single, claims: { store: "memory" } as const }, true],
    ["a claim store", { ...single, claims: { store: "file" } as const }, false],
    ["several instances", many, false],
  ])("is for %s: %#", async (_, config, there) => {
    expect(peerStoreOf(config, await folder()) !== undefined).toBe(there);
  });
});
