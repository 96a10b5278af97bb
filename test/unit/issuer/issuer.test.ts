import { beforeAll, describe, expect, it } from "vitest";
import { createIssuer, type Issuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import type { KeySet } from "../../../src/signer/key-set.ts";
import { createWorld, type World } from "./world.ts";

const USES = ["x509", "jwt", "wit"] as const;

let world: World;
beforeAll(async () => {
  world = await createWorld();
});

const lines: string[] = [];
function issuerWith(keys: Partial<KeySet>): Issuer {
  const snapshot = { ...world.snapshot, keys: { ...world.keys, ...keys } };
  const metrics = createMetrics();
  const log = (line: string): void => void lines.push(line);
  return createIssuer(() => snapshot, { audit: { write: () => undefined }, log, metrics });
}

describe("an issuer", () => {
  it("is ready with an active key for each use that has keys", () => {
    expect(issuerWith({}).ready()).toBe(true);
  });

  it.each(USES)("is not without an active %s key, whatever the others", (use) => {
    expect(issuerWith({ [use]: () => undefined }).ready()).toBe(false);
  });

  it.each(USES)("asks for none where the configuration has no %s keys", (use) => {
    const uses = new Set(USES.filter((one) => one !== use));
    expect(issuerWith({ uses, [use]: () => undefined }).ready()).toBe(true);
  });
});

describe("a fault of ours in the log", () => {
  const reworded = new TypeError("eyJhbGciOiJFUzI1NiJ9\nhunter2");
  reworded.message = "said otherwise, later";

  it.each<[string, unknown, RegExp]>([
    ["its name and place", new TypeError("hunter2"), /^TypeError at .* at /],
    ["no line of its message", new RangeError("eyJ\nhunter2\nat last"), /^RangeError at .* at /],
    ["no message that was there before", reworded, /^TypeError at .* at /],
    ["nothing of what is no error", "hunter2", /^not an error$/],
  ])("says %s, and is counted", (_, error, told) => {
    lines.length = 0;
    const issuer = issuerWith({});
    issuer.fault("r1", error);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        event: "fault",
        request_id: "r1",
        trust_domain: "prod.example",
        error: expect.stringMatching(told),
      },
    ]);
    expect(lines.join()).not.toMatch(/hunter2|eyJ|later/);
    expect(issuer.metrics.render()).toContain("svidmint_faults_total 1");
  });
});
