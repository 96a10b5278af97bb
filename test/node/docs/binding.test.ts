import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { FactorInfo } from "../../../src/attestation.ts";
import { PRESETS } from "../../../src/attestors/oidc/presets.ts";
import { readYaml } from "../../../src/cli/config-document.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { isJsonObject } from "../../../src/encoding/json.ts";
import { attestors } from "../../../src/runtimes/node/attestors.ts";

const page = await docs("binding.md");

function docs(name: string): Promise<string> {
  return readFile(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

/** The cells of the table under a heading row that begins so, by the name in each first cell. */
function table(head: string): ReadonlyMap<string, readonly string[]> {
  const [, rows = ""] = page.split(`\n| ${head} |`);
  const [body = ""] = rows.split("\n\n");
  return new Map(
    body
      .split("\n")
      .slice(2)
      .map((row) => {
        const [, first = "", ...cells] = row.split("|").map((cell) => cell.trim());
        return [first.replaceAll("`", "").replace(/,.*/, ""), cells] as const;
      }),
  );
}

/** What rules may say of a type whose section is the first that its page shows. */
async function factorsOf(type: string): Promise<readonly FactorInfo[]> {
  const text = await docs(`attestors/${type.replaceAll("_", "-")}.md`);
  for (const [, block = ""] of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
    const { value } = readYaml(utf8Encode(block));
    const evidence = isJsonObject(value) ? value["evidence"] : undefined;
    const section = isJsonObject(evidence) ? evidence[type] : undefined;
    const definition = attestors.find((one) => one.type === type);
    if (section !== undefined && definition !== undefined)
      return definition.factors(definition.config().parse(section));
  }
  throw new Error(`docs/attestors of ${type} shows no section`);
}

describe("docs/binding.md", () => {
  const types = table("type");

  it("has a row for each evidence type, and for no other", () => {
    expect([...types.keys()].toSorted()).toEqual(attestors.map(({ type }) => type).toSorted());
  });

  it.each(attestors.map(({ type }) => type))("%s: says what it can be", async (type) => {
    const [canBe, least, carries, thief] = types.get(type) ?? [];
    for (const factor of await factorsOf(type)) {
      if (factor.type === "oidc" && factor.open !== true) continue; // a preset: below
      expect(canBe).toBe(factor.bindings.join(", "));
      expect(least).toBe(factor.defaultBinding);
    }
    expect(carries).toMatch(/^\S.{3,}/);
    expect(thief).toMatch(/^\S.{3,}/);
  });

  it("says what each preset of oidc takes", () => {
    const presets = [...table("preset")].map(([name, [least]]) => [name, least]);
    expect(Object.fromEntries(presets)).toEqual(
      Object.fromEntries(PRESETS.map(({ name, defaultBinding }) => [name, defaultBinding])),
    );
  });
});
