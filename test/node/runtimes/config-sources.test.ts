import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { configSources } from "../../../src/runtimes/node/config-sources.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "svidmint-"));
  await writeFile(join(folder, "a.json"), '{"trust_domain":"a.example"}');
});
afterAll(() => rm(folder, { recursive: true }));

const read = (setting: string) =>
  Promise.all(
    configSources(setting).map(async ({ name, folder: at, document }) => [
      name,
      at,
      await document(),
    ]),
  );

it("is a path, text, or a list of either", async () => {
  const path = join(folder, "a.json");
  const a = { trust_domain: "a.example" };
  expect(await read(path)).toEqual([[path, folder, a]]);
  expect(await read(' {"x":1}')).toEqual([["SVIDMINT_CONFIG", process.cwd(), { x: 1 }]]);
  expect(await read(JSON.stringify([path, { x: 1 }]))).toEqual([
    [path, folder, a],
    ["SVIDMINT_CONFIG[1]", process.cwd(), { x: 1 }],
  ]);
  expect(configSources().map(({ name }) => name)).toEqual(["svidmint.json"]);
});

it("is no empty list, and no broken one", () => {
  expect(() => configSources("[]")).toThrow("without members");
  expect(() => configSources("[")).toThrow(SyntaxError);
});

it("tells where what is no JSON goes wrong, and whose it is", async () => {
  await expect(read('{"rules": [}')).rejects.toThrow(/^SVIDMINT_CONFIG: Unexpected token '}'/);
  expect(() => configSources('["a.json",')).toThrow(/^SVIDMINT_CONFIG: .*JSON/);
  const path = join(folder, "latin.json");
  await writeFile(path, '{"note":"\u00e9"}', "latin1");
  await expect(read(path)).rejects.toThrow(`${path}: not utf-8`);
});

it("takes neither of two members of one name, wherever the text lies", async () => {
  const twice = '{"trust_domain":"a.example","deny":[{"sub":"bad"}],"deny":[]}';
  const path = join(folder, "twice.json");
  await writeFile(path, twice);
  await expect(read(path)).rejects.toThrow(`${path}: json duplicate key`);
  await expect(read(twice)).rejects.toThrow("SVIDMINT_CONFIG: json duplicate key");
  expect(() => configSources(`[${twice}]`)).toThrow("SVIDMINT_CONFIG: json duplicate key");
});
