import { describe, expect, it } from "vitest";
import { judgeInfo } from "../../../src/stores/node/redis-info.ts";

/** As a server of its own says it, Redis 7.0. */
const ALONE = {
  redis_mode: "standalone",
  maxmemory: "0",
  maxmemory_policy: "noeviction",
  aof_enabled: "1",
  role: "master",
  connected_slaves: "0",
  master_replid2: "0000000000000000000000000000000000000000",
};

function info(changes: object = {}): string {
  const lines = Object.entries({ ...ALONE, ...changes }).map((field) => field.join(":"));
  return ["# Server", ...lines, ""].join("\r\n");
}

describe("a Redis server", () => {
  it("that is alone, keeps everything and writes it down may decide", () => {
    expect(judgeInfo(info())).toEqual({});
    expect(judgeInfo(info({ maxmemory: "104857600" }))).toEqual({});
  });

  it.each([
    ["follows another", { role: "slave" }, /a replica/],
    ["does not say what it is", { role: "" }, /a replica/],
    ["is followed", { connected_slaves: "1" }, /has replicas/],
    ["does not say who follows", { connected_slaves: "" }, /has replicas/],
    ["took over", { master_replid2: "e7a8cfafb087e59fdaa763619cd49aca185fb0b6" }, /took over/],
    ["is part of a cluster", { redis_mode: "cluster" }, /mode cluster/],
    ["is a sentinel", { redis_mode: "sentinel\u001b[2J" }, /mode sentinel2J$/],
    [
      "forgets what was not used",
      { maxmemory: "104857600", maxmemory_policy: "allkeys-lru" },
      /maxmemory-policy/,
    ],
  ])("that %s may not", (_, changes, message) => {
    expect(judgeInfo(info(changes)).unfit).toMatch(message);
  });

  it("that says nothing may not", () => {
    expect(judgeInfo("").unfit).toBeDefined();
    expect(judgeInfo("+OK").unfit).toBeDefined();
  });

  it("that writes nothing down is doubtful", () => {
    expect(judgeInfo(info({ aof_enabled: "0" })).doubt).toMatch(/appendonly yes/);
  });
});
