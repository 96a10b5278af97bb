import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PRESETS } from "../../../src/attestors/oidc/presets.ts";
import { readYaml } from "../../../src/cli/config-document.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { attestors } from "../../../src/runtimes/node/attestors.ts";

const folder = new URL("../../../docs/attestors/oidc/", import.meta.url);
const pages = readdirSync(folder).map(
  (name) => [name, readFileSync(new URL(name, folder), "utf8")] as const,
);
const NOBODY = `{"keys":[{"kty":"EC","crv":"P-256","kid":"nobody","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`;
const deps = {
  platform: nodePlatform(),
  registry: attestors,
  read: () => Promise.resolve(utf8Encode(NOBODY)),
};

describe.each(pages)("docs/attestors/oidc/%s", (_, text) => {
  it("shows a configuration that is read without errors and warnings", async () => {
    const blocks = [...text.matchAll(/^```yaml\n(evidence:\n.*?)^```$/gms)].map(
      ([, block]) => block,
    );
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const { value, issues } = readYaml(utf8Encode(block ?? ""));
      expect(issues).toEqual([]);
      const config = {
        trust_domain: "prod.example.org",
        issuer: "https://id.example.org",
        single_instance: true,
        ...Object(value),
      };
      const loaded = await loadConfig(config, deps); // oxlint-disable-line no-await-in-loop -- one by one
      const told = loaded.issues.filter(({ message }) => !message.includes("no rule uses"));
      expect(told).toEqual([]);
    }
  });
});

describe("the pages of the presets", () => {
  it.each(PRESETS)(
    "name $name, its claims, and what widens it",
    ({ name, claims, demands = [] }) => {
      const page = pages.find(([, text]) => text.includes(`preset: ${name}`));
      const optIns = demands.flatMap(({ optIn }) => (optIn === undefined ? [] : [optIn]));
      const missing = [...Object.keys(claims).map((claim) => `\`${claim}\``), ...optIns].filter(
        (word) => page?.[1].includes(word) !== true,
      );
      expect(missing).toEqual([]);
    },
  );
});
