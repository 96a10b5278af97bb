import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const SOURCE = new URL("../../../src/", import.meta.url);
const SERVER = /from "node:(?:tls|https|http2)"[^]*\bcreate(?:Secure)?Server\b/;

it("SPIRE 1.14.3 (TLS): no session is resumed here, since no TLS ends here", async () => {
  const names = (await readdir(SOURCE, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, SOURCE), "utf8")));
  const servers = names.filter((_, at) => SERVER.test(texts[at] ?? ""));
  expect(names.length).toBeGreaterThan(100);
  expect(servers).toEqual([]);
});
