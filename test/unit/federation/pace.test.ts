import { describe, expect, it } from "vitest";
import { pauseOf } from "../../../src/federation/pace.ts";
import { DOWN, documentOf, peerWorld } from "./support.ts";

describe("the pause between two refreshes", () => {
  it.each([
    ["no hint", undefined, 300],
    ["nothing", 0, 10],
    ["less than is heeded", 3, 10],
    ["what is asked", 60, 60],
    ["28 days", 2_419_200, 3600],
    ["more than a double", 2 ** 53 - 1, 3600],
  ])("heeds %s", (_, refreshHint, seconds) => {
    const keys = { x509Authorities: [], jwtAuthorities: [], witAuthorities: [] };
    const bundle = { ...keys, ...(refreshHint !== undefined && { refreshHint }) };
    const pace = { bundle, failures: 0, maxAge: 86_400 };
    expect(pauseOf({ ...pace, dice: 0 })).toBe(seconds);
    const most = pauseOf({ ...pace, dice: 255 });
    expect(most).toBeGreaterThan(seconds * 1.09);
    expect(most).toBeLessThan(seconds * 1.1);
  });

  it("lets a bundle be looked at twice before it is given up", () => {
    expect(pauseOf({ failures: 0, maxAge: 300, dice: 0 })).toBe(150);
  });

  it("doubles with each failure, up to the hint", () => {
    const pauses = [1, 2, 3, 4, 5, 6, 2000].map((failures) =>
      pauseOf({ failures, maxAge: 86_400, dice: 0 }),
    );
    expect(pauses).toEqual([15, 30, 60, 120, 240, 300, 300]);
  });
});

describe("a peer", () => {
  it("is asked by its own hint", async () => {
    const world = peerWorld({ dice: 128 });
    world.serve(documentOf({ hint: 100 }));
    expect(await world.refresh()).toBe("refreshed");
    world.now += 104;
    expect(await world.refresh()).toBe("-");
    world.now += 1;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.asked.length).toBe(2);
  });

  it("is asked again soon after a failure, and by its hint after a success", async () => {
    const world = peerWorld();
    world.answer = DOWN;
    const asked: number[] = [];
    for (const from = world.now; world.now < from + 200; world.now += 1)
      if ((await world.refresh()) === "network") asked.push(world.now - from);
    expect(asked).toEqual([0, 15, 45, 105]);
    world.now += 100;
    world.serve(documentOf());
    expect(await world.refresh()).toBe("refreshed");
    world.now += 299;
    expect(await world.refresh()).toBe("-");
  });

  it.each([
    ["back a day", -86_400],
    ["back a year", -31_536_000],
    ["forward a year", 31_536_000],
  ])("is asked at once where the clock was set %s, and believed by the new time", async (_, by) => {
    const world = peerWorld({ maxAge: 3600 });
    expect(await world.refresh()).toBe("refreshed");
    world.now += by;
    expect(world.kids()).toBeUndefined();
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["a"]);
    world.now -= by;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["a"]);
  });

  it("is not forgotten where the clock was set back a little", async () => {
    const world = peerWorld();
    await world.refresh();
    world.now -= 200;
    expect(world.kids()).toEqual(["a"]);
    world.now += 500;
    expect(await world.refresh()).toBe("refreshed");
  });
});
