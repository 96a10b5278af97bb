import { beforeEach, describe, expect, it } from "vitest";
import { endpointSvid } from "../../../src/issuer/endpoint-svid.ts";
import type { Snapshot } from "../../../src/issuer/snapshot.ts";
import { createWorld, workload, type Workload, type World } from "./world.ts";

const PATH = "/svidmint/bundle-endpoint";
let world: World;
let listener: Workload;

beforeEach(async () => {
  world = await createWorld();
  listener = await workload(world);
});

async function shown(path = PATH, parts: Partial<Snapshot> = {}): Promise<unknown> {
  const { issuer, snapshot } = world;
  const asked = {
    snapshot: () => ({ ...snapshot, ...parts }),
    trail: (of: Snapshot) => issuer.trail(of),
  };
  const result = await endpointSvid(asked, path, listener.key.publicKey);
  return result.ok ? "issued" : result.error.reason;
}

describe("what a listener of ours shows itself by", () => {
  it.each<[string, string, string | undefined, () => Partial<Snapshot>]>([
    ["of no SPIFFE ID", "claim_value", "/svidmint/../x", () => ({})],
    [
      "without an active key",
      "signer_unavailable",
      PATH,
      () => ({ keys: { ...world.keys, x509: () => undefined } }),
    ],
    [
      "by a key set that throws",
      "internal_fault",
      PATH,
      () => ({
        keys: {
          ...world.keys,
          x509: () => {
            throw new Error("boom");
          },
        },
      }),
    ],
  ])("is not signed, and the log says so: %s", async (_, reason, path, parts) => {
    expect(await shown(path, parts())).toBe(reason);
    expect(world.keys.x509Signer.signed).toHaveLength(0);
    expect(world.audit.events()).toMatchObject([{ event: "refused", reason, key: listener.jkt }]);
  });

  it("is written down with its key before it is signed", async () => {
    expect(await shown()).toBe("issued");
    expect(world.audit.events()).toMatchObject([
      {
        event: "intent",
        spiffe_id: `spiffe://prod.example${PATH}`,
        key: listener.jkt,
        x509: { subject_key: listener.jkt },
      },
      { event: "outcome", result: "issued" },
    ]);
  });
});
