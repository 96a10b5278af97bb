import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { svidmint, temporaryFolders } from "./run.ts";
import { initialised } from "./server.ts";

const folder = temporaryFolders();

it.each([
  ["--metrics", ["--metrics", "nowhere"], ""],
  ["--bundle-endpoint", ["--bundle-endpoint", "nowhere"], ""],
  ["SVIDMINT_METRICS_TOKEN", [], "s3cret\n"],
  ["SVIDMINT_METRICS_TOKEN", [], "s3cr\u00e9t"],
] as const)(
  "svidmint serve tells of wrong usage before it makes keys: %s %j",
  async (told, args, token) => {
    const { cwd } = await initialised(await folder());
    const env = { SVIDMINT_METRICS_TOKEN: token };
    const ran = await svidmint(["serve", ...args], { cwd, env });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(`svidmint: ${told}: expected`);
    expect(ran.stderr).not.toContain("s3cr");
    expect(await readdir(join(cwd, ".svidmint"))).not.toContain("keys.yaml");
  },
);
