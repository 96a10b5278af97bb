import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseHcl } from "@cdktf/hcl2json";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadDocument } from "../../unit/issuer/config-world.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOCS = join(ROOT, "docs/oidc");
const PARTIES = readdirSync(join(ROOT, "infra/federation"));
const HEADINGS = [
  "Setting it up",
  "The rule",
  "What it insists on",
  "What a thief of the token gains",
  "Rotation",
];

/** What the pages' rules name. */
const BASE = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  evidence: {
    gcp_iit: { projects: ["payments-prod"] },
    aws_web_identity: {
      accounts: { "111122223333": "https://3f.tokens.sts.global.api.aws" },
    },
  },
};

it("there are a page and Terraform for the same relying parties", () => {
  const pages = readdirSync(DOCS).filter((name) => name !== "README.md");
  expect(pages.toSorted()).toEqual(PARTIES.map((name) => `${name}.md`).toSorted());
});

describe.each(PARTIES)("%s", (party) => {
  const page = readFileSync(join(DOCS, `${party}.md`), "utf8");
  const terraform = readFileSync(join(ROOT, "infra/federation", party, "main.tf"), "utf8");

  it("has a page that says it all, and whose links lead somewhere", () => {
    for (const heading of HEADINGS) expect(page).toContain(`\n## ${heading}\n`);
    const links = [...page.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(DOCS, link)))).toEqual([]);
    expect(page).toMatch(/looked at on \d{4}-\d\d-\d\d/);
  });

  it("has a rule that a configuration takes", async () => {
    const [, , rule = ""] = /## The rule\n([^]*?)```yaml\n([^]*?)```/.exec(page) ?? [];
    const { usable, errors } = await loadDocument({ ...BASE, ...(parse(rule) as object) });
    expect(errors).toEqual([]);
    expect(usable).toBe(true);
  });

  it("has Terraform that parses, which pins its provider and describes what it asks for", async () => {
    const parsed = await parseHcl("main.tf", terraform);
    expect(Object.keys(parsed)).toEqual(expect.arrayContaining(["terraform", "variable", "resource"]));
    const resources = Object.keys(parsed["resource"]);
    const [{ required_providers: providers }] = parsed["terraform"];
    const names = Object.keys(providers[0]);
    expect(names).toHaveLength(1);
    expect(resources.filter((type) => !type.startsWith(`${names[0]}_`))).toEqual([]);
    // Each variable is used, and each that is used is there.
    const used = new Set([...terraform.matchAll(/\bvar\.([a-z_]+)/g)].map(([, name]) => name));
    expect(Object.keys(parsed["variable"]).toSorted()).toEqual([...used].toSorted());
  });

  it("is refused by the parser where it is broken", async () => {
    await expect(parseHcl("main.tf", terraform.replace("{", "{{"))).rejects.toThrow(/main\.tf/);
  });
});
