import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { json, quickly, temporaryFolders } from "./run.ts";
import {
  instant,
  lines,
  makeTrustDomain,
  PUBLISHED,
  PUBLISHED_SECONDS,
  variant,
} from "./trust-domain.ts";

const folder = temporaryFolders();
let cwd: string;
beforeAll(async () => {
  cwd = await folder();
  await makeTrustDomain(cwd);
});

describe("svidmint keys list", () => {
  it("shows what each key is, and the sequence of the bundle", async () => {
    const ran = await quickly(["keys", "list"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(lines(ran).map((line) => line.split(/ {2,}/).slice(0, 4))).toEqual([
      ["USE", "ID", "BACKEND", "STATE"],
      ["x509", "root-1", "local", "active"],
      ["x509", "root-spare", "local", "standby"],
      ["jwt", "jwt-7", "local", "active"],
      ["jwt", "jwt-spare", "local", "standby"],
      [""],
      [expect.stringMatching(new RegExp(`spiffe_sequence ${PUBLISHED_SECONDS}$`))],
      ["no further change planned"],
    ]);
  });

  it("follows a rotation through its moments by the clock alone", async () => {
    const start = PUBLISHED_SECONDS + 86_400;
    const rotated = await variant(cwd, "rotated.yaml", (text) =>
      text.replace(
        "    - id: jwt-spare\n",
        `    - id: jwt-8\n      backend: local\n      private_key: file:jwt-spare.key\n      public_key: file:jwt-7.pub\n      published_at: ${instant(start)}\n    - id: jwt-spare\n`,
      ),
    );
    const states = async (at: number) => {
      const ran = await quickly(
        ["keys", "list", "--config", rotated, "--at", String(at), "--json"],
        {
          cwd,
        },
      );
      const { keys, spiffe_sequence } = json(ran) as {
        keys: { id: string; state: string }[];
        spiffe_sequence: number;
      };
      const found = keys.filter(({ id }) => id.startsWith("jwt-") && id !== "jwt-spare");
      return [...found.map(({ state }) => state), spiffe_sequence];
    };
    // Five hints of 300 s until it signs; 10 min of life and two hints until the old one is gone.
    const active = start + 1500;
    const removed = active + 600 + 600;
    expect(await states(start - 1)).toEqual(["active", "planned", PUBLISHED_SECONDS]);
    expect(await states(start)).toEqual(["active", "next", start]);
    expect(await states(active - 1)).toEqual(["active", "next", start]);
    expect(await states(active)).toEqual(["retired", "active", start]);
    expect(await states(removed - 1)).toEqual(["retired", "active", start]);
    expect(await states(removed)).toEqual(["removed", "active", removed]);
  });

  it("says everything as JSON too", async () => {
    const ran = await quickly(["keys", "list", "--json", "--at", PUBLISHED], { cwd });
    expect(json(ran)).toMatchObject({
      at: PUBLISHED,
      spiffe_sequence: PUBLISHED_SECONDS,
      refresh_hint: 300,
      keys: [
        {
          use: "x509",
          id: "root-1",
          backend: "local",
          state: "active",
          published_at: PUBLISHED,
          active_from: PUBLISHED,
          retired_at: "never",
          removed_at: "never",
        },
        { id: "root-spare", state: "standby", active_from: "standby" },
        { id: "jwt-7" },
        { id: "jwt-spare" },
      ],
    });
  });

  it("lists the keys that serve made, too", async () => {
    const own = await folder();
    await quickly(["init"], { cwd: own });
    const before = await quickly(["keys", "list"], { cwd: own });
    expect(before).toMatchObject({ code: 2, stdout: "" });
    expect(before.stderr).toContain("svidmint keys create");
    const made =
      "jwt:\n  - { id: jwt-1, backend: local, private_key: env:X, published_at: 2026-01-01T00:00:00Z }\n";
    await writeFile(join(own, ".svidmint/keys.yaml"), made);
    expect(lines(await quickly(["keys", "list"], { cwd: own }))[1]).toMatch(
      /^jwt +jwt-1 +local +active/,
    );
  });

  it.for([
    ["a missing file", ["--config", "missing.yaml"], /no such file/],
    ["no time", ["--at", "soon"], /a time is RFC 3339/],
  ] as const)("is wrong usage with %s", async ([, args, message]) => {
    const ran = await quickly(["keys", "list", ...args], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });
});
