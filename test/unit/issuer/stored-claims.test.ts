import { describe, expect, it } from "vitest";
import type { StoreOpeners } from "../../../src/issuer/open-store.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { NOW } from "./names.ts";
import { compiled, open, refusal, source } from "./stored-world.ts";

const origin = await source(() => NOW);

describe("the claim store of a compiled configuration", () => {
  const claims = { store: "durable_object", binding: "OWNERS" };

  it("is opened as it was compiled", async () => {
    const asked: unknown[] = [];
    const store = memoryStore();
    const stores: StoreOpeners = {
      durable_object: async (config, { trustDomain, env }) => {
        asked.push(config, trustDomain, env("ROOT_KEY"));
        return store;
      },
    };
    await open(await compiled(origin, { claims }), origin, [], stores);
    expect(asked).toEqual([claims, "prod.example", origin.secrets["ROOT_KEY"]]);
  });

  it.each<[string, object]>([
    ["one machine", { single_instance: true, claims: { store: "file" } }],
    ["other runtimes", { claims: { store: "dynamodb", table: "claims", region: "eu-central-1" } }],
  ])("is none of %s", async (_, parts) => {
    expect(await refusal(compiled(origin, { ...parts }))).toEqual([
      expect.stringMatching(/^claims.store: (?:file|dynamodb) is no claim store that a Worker has/),
    ]);
  });

  it("is refused by a runtime that has no such store", async () => {
    const stores: StoreOpeners = { redis: async () => memoryStore() };
    expect(await refusal(open(await compiled(origin, { claims }), origin, [], stores))).toEqual([
      "claims.store: this runtime has no claim store durable_object: there are redis",
    ]);
  });
});
