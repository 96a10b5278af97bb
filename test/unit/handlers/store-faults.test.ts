import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import { optimisticStore } from "../../../src/stores/optimistic.ts";
import type { Records } from "../../../src/stores/records.ts";
import { StoreError } from "../../../src/stores/store-error.ts";
import { FakeRecords } from "../../fakes/records.ts";
import { AUDIENCE, bootedVm, ciToken } from "../issuer/world.ts";
import { faultBench, type FaultBench } from "./fault-bench.ts";
import { problemOf } from "./support.ts";

/** A store over a network, as every one of them is built, whose service does this instead of what it should. */
function broken(fault: Partial<Records>, deadlineMs = 60): ClaimStore {
  const good = new FakeRecords();
  const records: Records = {
    read: (name) => good.read(name),
    write: (name, next, expected) => good.write(name, next, expected),
    ...fault,
  };
  return optimisticStore(records, {
    platform: bench.world.platform,
    trustDomain: "prod.example",
    deadlineMs,
  });
}

let bench: FaultBench;
beforeAll(async () => {
  bench = await faultBench();
});
beforeEach(() => bench.reset());

const down = (): Promise<never> => Promise.reject(new StoreError("unavailable", "down"));
/** As the calls of every store do: their own timeout ends them. */
const slow = (_: string, ...rest: unknown[]): Promise<never> =>
  new Promise((_resolve, reject) => {
    setTimeout(() => reject(new StoreError("unavailable", "timeout")), Number(rest.at(-1)));
  });
const says =
  (text: string): Records["read"] =>
  async () => ({ text, version: "v" });
const mine = (owner: string): string =>
  JSON.stringify({
    generation: 0,
    unseen: true,
    banned: false,
    expiresAt: 9e15,
    owners: [{ owner, since: 0, renewedAt: 0 }],
  });

describe("a store over a network that fails", () => {
  it.each<[string, () => Partial<Records>]>([
    ["is down", () => ({ read: down, write: down })],
    ["goes down between reading and writing", () => ({ write: down })],
    ["is slow", () => ({ read: slow, write: slow })],
    ["is slow to write", () => ({ write: slow })],
    ["refuses us", () => ({ read: () => Promise.reject(new StoreError("refused", "no")) })],
    ["must not be used", () => ({ check: () => Promise.reject(new StoreError("refused", "no")) })],
    ["gives no JSON", () => ({ read: says("<html>") })],
    ["gives another record", () => ({ read: says('{"until":1,"by":"x"}') })],
    [
      "gives a record without owners",
      () => ({ read: says(mine(bench.alice.jkt).replace("owners", "users")) }),
    ],
    ["conflicts for ever", () => ({ write: async () => false })],
    [
      "loses what it wrote and what it answered",
      () => ({ read: async () => undefined, write: down }),
    ],
  ])("%s: no first use, no signature, and bound evidence goes on", async (_, fault) => {
    const store = broken(fault());
    const { world, alice } = bench;
    const machine = { evidence: [await bootedVm(world)], x509: { csr: alice.csr } };
    const { status, code } = await problemOf(await bench.post(machine, { store }));
    expect([status, code]).toEqual([503, "unavailable"]);
    expect(bench.history).toEqual(["refused"]);
    expect(bench.events[0]).toMatchObject({ reason: "store_unavailable" });

    const bound = { evidence: [await ciToken(world, alice.bound)], jwt: { audience: [AUDIENCE] } };
    const answer = await bench.post(bound, { store }, { by: alice });
    expect(answer.status).toBe(200);
  });

  it("gives a claim away only to whom it says: another owner is in the way", async () => {
    const { world, alice, mallory } = bench;
    const machine = { evidence: [await bootedVm(world)], x509: { csr: alice.csr } };
    const store = broken({ read: says(mine(mallory.jkt)) }, 20_000);
    const taken = await bench.post(machine, { store });
    expect(await problemOf(taken)).toMatchObject({ status: 409, code: "evidence_claimed" });
  });
});
