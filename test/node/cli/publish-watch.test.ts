import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { CommandError } from "../../../src/cli/errors.ts";
import {
  PublishError,
  type Held,
  type Place,
  type Publication,
} from "../../../src/cli/publish/place.ts";
import { watch, type Edition } from "../../../src/cli/publish/watch.ts";
import { ENTRY, temporaryFolders } from "./run.ts";
import { makeTrustDomain } from "./trust-domain.ts";

const HINT = 300;

/** A clock that pauses move, a place of one document, and an operator who edits the configuration. */
class World {
  now = 1000;
  held: (Held & { readonly body: string }) | undefined;
  reads = 0;
  readonly writes: [at: number, body: string][] = [];
  readonly complaints: string[] = [];
  /** What the configuration gives, by the time. */
  body: (now: number) => string = () => "first";
  nextChange = Infinity;
  broken: string | undefined;
  fault: PublishError | undefined;
  pauses: number[] = [];

  async run(until: number, meanwhile: (now: number) => void = () => undefined): Promise<void> {
    await watch([this.#place()], {
      load: async () => this.#load(),
      now: () => this.now,
      pause: async (ms) => {
        this.pauses.push(ms / 1000);
        this.now += ms / 1000;
        meanwhile(this.now);
      },
      stopped: () => this.now >= until,
      done: () => undefined,
      failed: (message) => void this.complaints.push(message),
    });
  }

  #load(): Edition {
    if (this.broken !== undefined) throw new CommandError(this.broken, 2);
    const { body } = this;
    return {
      refreshHint: HINT,
      documents: async (now) => [document(body(now))],
      nextChange: (now) => (now < this.nextChange ? this.nextChange : Infinity),
    };
  }

  #place(): Place {
    return {
      name: "bucket",
      holds: "bundle",
      read: async ({ body }) => {
        this.reads++;
        if (this.fault !== undefined) throw this.fault;
        return this.held && { ...this.held, same: this.held.body === body };
      },
      write: async ({ body }) => {
        this.writes.push([this.now, body]);
        this.held = { body, version: body, same: true, sameHeaders: true };
        return true;
      },
    };
  }
}

function document(body: string): Publication {
  return {
    path: "bundle",
    body,
    contentType: "application/json",
    cacheControl: "public, max-age=75",
    sequence: 1n,
    trustDomain: "prod.example.org",
  };
}

describe("watching", () => {
  it("publishes what the timeline changes at its moment", async () => {
    const world = new World();
    world.nextChange = 1090;
    world.body = (now) => (now < 1090 ? "first" : "second");
    await world.run(1400);
    expect(world.writes).toEqual([
      [1000, "first"],
      [1090, "second"],
    ]);
  });

  it("takes up an edit within a minute, and keeps the last good one through a bad one", async () => {
    const world = new World();
    await world.run(1500, (now) => {
      if (now > 1100) world.broken = "keys: is wrong";
      if (now > 1300) {
        world.broken = undefined;
        world.body = () => "mended";
      }
    });
    expect(world.complaints).toEqual([expect.stringContaining("keys: is wrong")]);
    expect(world.writes.map(([, body]) => body)).toEqual(["first", "mended"]);
    expect(Math.max(...world.pauses)).toBeLessThanOrEqual(60);
  });

  it("does not begin with a configuration that is wrong", async () => {
    const world = new World();
    world.broken = "keys: is wrong";
    await expect(world.run(2000)).rejects.toThrow("keys: is wrong");
  });

  it("looks after what is there each refresh hint, and no more often", async () => {
    const world = new World();
    await world.run(1000 + 3 * HINT, (now) => {
      if (now === 1120) world.held = undefined;
    });
    expect(world.writes).toEqual([
      [1000, "first"],
      [1300, "first"],
    ]);
    expect(world.reads).toBe(3);
  });

  it("tells a failure once, and tries again each round", async () => {
    const world = new World();
    world.fault = new PublishError("denied", "bucket: lacks s3:PutObject");
    await world.run(1600, (now) => {
      if (now >= 1300) world.fault = undefined;
    });
    expect(world.complaints).toEqual(["bucket: lacks s3:PutObject"]);
    expect(world.writes).toEqual([[1300, "first"]]);
  });
});

describe("svidmint bundle publish --watch", () => {
  const newFolder = temporaryFolders();

  it("publishes an edit while it runs, and ends at a signal", async () => {
    const folder = await newFolder();
    await makeTrustDomain(folder);
    const config = join(folder, "svidmint.yaml");
    const yaml = await readFile(config, "utf8");
    const args = [ENTRY, "bundle", "publish", "--to", "file:b.json", "--watch", "--json"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    try {
      const bundle = () => readFile(join(folder, "b.json"), "utf8").catch(() => "");
      const until = async (good: (text: string) => boolean): Promise<void> => {
        while (!good(await bundle())) await sleep(50); // oxlint-disable-line no-await-in-loop -- until it is so
      };
      await until((text) => text !== "");
      const edited = "bundle: { changed_at: 2026-06-01T00:00:00Z }\n";
      await writeFile(config, yaml + edited);
      child.kill("SIGHUP");
      const sequence = String(Date.parse("2026-06-01T00:00:00Z") / 1000);
      await until((text) => text.includes(`"spiffe_sequence":${sequence}`));
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
