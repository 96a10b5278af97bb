import { describe, expect, it } from "vitest";
import {
  PublishError,
  type Held,
  type Place,
  type Publication,
} from "../../../src/cli/publish/place.ts";
import { publish, type Published } from "../../../src/cli/publish/publish.ts";

type Name = "older" | "newer";
const PATHS = ["bundle", ".well-known/openid-configuration", ".well-known/jwks.json"];

function documents(name: Name): readonly Publication[] {
  return PATHS.map((path, index) => ({
    path,
    body: `${name} ${path}`,
    contentType: "application/json",
    cacheControl: "public, max-age=75",
    trustDomain: "prod.example.org",
    ...(index === 0 && { sequence: name === "older" ? 1n : 2n }),
  }));
}

const SEQUENCES: Readonly<Record<string, bigint>> = { "older bundle": 1n, "newer bundle": 2n };

/** Conditional writes and nothing else, as buckets have them. */
class Bucket {
  readonly objects = new Map<string, { readonly body: string; readonly version: string }>();
  #writes = 0;

  place(turn: () => Promise<void>): Place {
    return {
      name: "bucket",
      holds: "site",
      read: async ({ path, body }): Promise<Held | undefined> => {
        await turn();
        const found = this.objects.get(path);
        if (found === undefined) return undefined;
        const sequence = SEQUENCES[found.body];
        return {
          version: found.version,
          same: found.body === body,
          sameHeaders: true,
          ...(sequence !== undefined && { sequence }),
        };
      },
      write: async ({ path, body }, over) => {
        await turn();
        if (this.objects.get(path)?.version !== over?.version) return false;
        this.objects.set(path, { body, version: String(++this.#writes) });
        return true;
      },
    };
  }
}

/** Two publishers, each of whose calls waits for its turn in a schedule; what is left over is taken in any order. */
async function race(schedule: number): Promise<{ bucket: Bucket; outcomes: unknown[] }> {
  const bucket = new Bucket();
  const waiting: Record<Name, (() => void)[]> = { older: [], newer: [] };
  const running = (["older", "newer"] as const).map((name) => {
    const turn = () => new Promise<void>((go) => waiting[name].push(go));
    const pause = turn;
    return publish(bucket.place(turn), documents(name), { pause }).catch((error: unknown) => error);
  });
  const ended = new Set<unknown>();
  running.forEach((one) => void one.then(() => ended.add(one)));
  for (let step = 0; ended.size < 2; step++) {
    for (let tick = 0; tick < 12; tick++) await Promise.resolve(); // oxlint-disable-line no-await-in-loop -- until both wait
    const first: Name = ((schedule >> (step % 12)) & 1) === 1 ? "older" : "newer";
    const second = first === "older" ? "newer" : "older";
    (waiting[first].shift() ?? waiting[second].shift())?.();
  }
  return { bucket, outcomes: await Promise.all(running) };
}

describe("two publishers at once", () => {
  it("leave the later documents, whatever the order of their calls", async () => {
    const refused: unknown[] = [];
    for (let schedule = 0; schedule < 4096; schedule++) {
      const { bucket, outcomes } = await race(schedule); // oxlint-disable-line no-await-in-loop -- one after the other
      const [older, newer] = outcomes;
      expect(Array.isArray(newer), `schedule ${schedule}: ${String(newer)}`).toBe(true);
      for (const path of PATHS)
        expect(bucket.objects.get(path)?.body, `schedule ${schedule}`).toBe(`newer ${path}`);
      if (older instanceof PublishError) refused.push(older.code);
    }
    // Both ends are among the schedules: that the older came first, and that it came too late.
    expect(new Set(refused)).toEqual(new Set(["backwards"]));
    expect(refused.length).toBeLessThan(4096);
  });

  it("write only over what they read", async () => {
    const bucket = new Bucket();
    const now = async (): Promise<void> => undefined;
    const place = bucket.place(now);
    const [, , jwks] = documents("older");
    if (jwks === undefined) throw new Error("none");
    await publish(place, documents("newer"), { pause: now });
    expect(await place.write(jwks, undefined)).toBe(false);
    await expect(publish(place, documents("older"), { pause: now })).rejects.toMatchObject({
      code: "backwards",
    });
    expect(bucket.objects.get(jwks.path)?.body).toBe(`newer ${jwks.path}`);
  });
});

describe("a place that does not answer", () => {
  const [bundle] = documents("older");
  if (bundle === undefined) throw new Error("none");

  it("is asked again, a little later each time, and given up", async () => {
    const pauses: number[] = [];
    const place: Place = {
      name: "bucket",
      holds: "bundle",
      read: () => Promise.reject(new PublishError("unavailable", "bucket: status 503")),
      write: () => Promise.resolve(true),
    };
    const pause = async (ms: number): Promise<void> => void pauses.push(ms);
    await expect(publish(place, [bundle], { pause })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(pauses).toEqual([250, 500, 1000]);
  });

  it("may have written what it did not say", async () => {
    const bucket = new Bucket();
    const real = bucket.place(async () => undefined);
    let lost = 1;
    const place: Place = {
      ...real,
      async write(document, over) {
        const written = await real.write(document, over);
        if (lost-- > 0) throw new PublishError("unavailable", "bucket: timeout");
        return written;
      },
    };
    const published = await publish(place, [bundle], { pause: async () => undefined });
    expect(published.map(({ outcome }: Published) => outcome)).toEqual(["unchanged"]);
    expect(bucket.objects.get("bundle")?.body).toBe("older bundle");
  });
});
