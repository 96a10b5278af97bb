import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterEach, expect, it, vi } from "vitest";
import { quickly, temporaryFolders } from "../cli/run.ts";
import { place } from "../cli/evidence/place.ts";

const folder = temporaryFolders();
const DOCS = new URL("../../../docs/", import.meta.url);
const PAGES = readdirSync(DOCS, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".md"),
);
/** With an option at least; what only names the command is no command line. */
const COMMAND = /svidmint (evidence (?!dev\b)[a-z0-9_]+(?: [^`>|\n)]+)?)/g;
afterEach(() => vi.unstubAllEnvs());

it("shows commands that say all that is needed, wherever they are run", async () => {
  const cwd = await folder();
  await quickly(["key", "new", "--issuer", "https://id.example.org"], { cwd });
  const commands = new Set<string>();
  for (const page of PAGES) {
    const text = await readFile(new URL(page, DOCS), "utf8"); // oxlint-disable-line no-await-in-loop -- one by one
    for (const [, command = ""] of text.matchAll(COMMAND))
      if (command.includes(" --")) commands.add(command.trim());
  }
  expect(commands.size).toBeGreaterThan(20);
  place({ PATH: cwd });
  const wrong: string[] = [];
  for (const command of commands) {
    const { code, stderr } = await quickly(command.split(" "), { cwd }); // oxlint-disable-line no-await-in-loop -- they share the process's streams
    if (code === 2) wrong.push(`${command}: ${stderr}`);
  }
  expect(wrong).toEqual([]);
});
