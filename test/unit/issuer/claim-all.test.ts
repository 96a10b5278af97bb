import { beforeEach, describe, expect, it } from "vitest";
import type { Attestation } from "../../../src/attestation.ts";
import { claimAll } from "../../../src/issuer/first-use.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { ClaimDemand } from "../../../src/policy/match.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { NOW } from "./names.ts";

const platform = webCryptoPlatform({ now: () => NOW });
let store: ClaimStore;
beforeEach(() => {
  store = memoryStore();
});

const DOCUMENT: Attestation = {
  type: "aws_iid",
  name: "aws_iid",
  claims: {},
  binding: { kind: "none" },
  claimKey: "document",
  generation: 1,
  startedAt: NOW,
};
const document: ClaimDemand = { attestation: DOCUMENT, createWithin: 900, maxOwners: 1 };
const token: ClaimDemand = {
  attestation: { ...DOCUMENT, claimKey: "token", generation: 0, notAfter: NOW + 3600 },
  maxOwners: 1,
};

let requests = 0;
/** What one request ends with: `claimed`, or the reason and who is told to stand in the way. */
async function claim(owner: string, demands: readonly ClaimDemand[], now = NOW): Promise<unknown> {
  const requestId = `r${requests++}`;
  const context = { platform, store, now, trustDomain: "prod.example", requestId, owner };
  const held = await claimAll(demands, context);
  return held.ok ? "claimed" : held.error;
}
const ownersOf = async (key: string) => (await store.show(key))?.owners.map(({ owner }) => owner);

describe("a request of two pieces that are each to be claimed", () => {
  it("keeps nothing of the first where the second is another's", async () => {
    expect(await claim("alice", [token])).toBe("claimed");
    const conflict = { claim: "token", owners: ["alice"] };
    expect(await claim("thief", [document, token])).toEqual({ reason: "claim_taken", conflict });
    expect(await ownersOf("document")).toBeUndefined();
    expect(await claim("alice", [document, token])).toBe("claimed");
  });

  it("keeps what its owner had before, where the second is another's", async () => {
    expect(await claim("alice", [document])).toBe("claimed");
    expect(await claim("bob", [token])).toBe("claimed");
    expect(await claim("alice", [document, token])).toMatchObject({ reason: "claim_taken" });
    expect(await ownersOf("document")).toEqual(["alice"]);
  });
});

describe("a document that is claimed within 15 minutes of its instance's beginning", () => {
  it("is late from the next second on", async () => {
    expect(await claim("alice", [document], NOW + 901)).toEqual({ reason: "claim_too_late" });
    expect(await ownersOf("document")).toBeUndefined();
    expect(await claim("alice", [document], NOW + 900)).toBe("claimed");
  });

  it("is late where it does not say when that was", async () => {
    const { startedAt: _, ...undated } = DOCUMENT;
    const demand = { ...document, attestation: undated };
    expect(await claim("alice", [demand])).toEqual({ reason: "claim_too_late" });
  });

  it("names its owner to the alarm, however late another key comes", async () => {
    expect(await claim("alice", [document])).toBe("claimed");
    const conflict = { claim: "document", owners: ["alice"] };
    expect(await claim("thief", [document], NOW + 901)).toEqual({
      reason: "claim_taken",
      conflict,
    });
  });
});
