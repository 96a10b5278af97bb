import { beforeEach, describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import {
  bootedVm,
  codeOf,
  createWorld,
  msiToken,
  workload,
  AUDIENCE,
  NOW,
  type Workload,
  type World,
} from "./world.ts";

let world: World;
let owner: Workload;
let thief: Workload;
const jwt = { audience: [AUDIENCE] };
const MINUTE = 60;
const DAY = 86_400;

beforeEach(async () => {
  world = await createWorld();
  owner = await workload(world);
  thief = await workload(world);
});

const signatures = (): number =>
  world.keys.x509Signer.signed.length + world.keys.jwtSigner.signed.length;
const lastReason = (): unknown =>
  world.audit.events().findLast(({ event }) => event === "refused")?.["reason"];
const x509 = (by: Workload): object => ({ x509: { csr: by.csr } });

async function withDpop(body: object, by: Workload): Promise<Response> {
  const text = JSON.stringify(body);
  return world.post(text, { dpop: await by.dpop(text) });
}

describe("an EC2 instance identity document", () => {
  it("belongs to the first key that uses it", async () => {
    const evidence = [await bootedVm(world)];
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(thief) }))).toBe("evidence_claimed");
    const alarm = world.audit.events().find(({ event }) => event === "alarm");
    expect(alarm).toMatchObject({ alarm: "claim_taken", owners: [owner.jkt], claimant: thief.jkt });
    expect(signatures()).toBe(2);
  });

  it("re-encoded envelope of one document as a second first use: claimed", async () => {
    const evidence = await bootedVm(world);
    expect((await world.post({ evidence: [evidence], ...x509(owner) })).status).toBe(200);
    const rewrapped = { type: "aws_iid", rsa2048: evidence.rsa2048.replaceAll("\n", "") };
    expect(await codeOf(await world.post({ evidence: [rewrapped], ...x509(thief) }))).toBe(
      "evidence_claimed",
    );
    const again = await world.region.launch({
      account: "111122223333",
      instanceId: "i-0123456789abcdef0",
      pendingTime: world.now - 60,
      generation: "2026",
    });
    expect(decodeBase64(again.rsa2048, { lineBreaks: true })).not.toEqual(
      decodeBase64(evidence.rsa2048, { lineBreaks: true }),
    );
    expect(
      await codeOf(
        await world.post({
          evidence: [{ type: "aws_iid", rsa2048: again.rsa2048 }],
          ...x509(thief),
        }),
      ),
    ).toBe("evidence_claimed");
  });

  it("a claim attempted without possession or without a matching rule leaves no claim", async () => {
    const evidence = [await bootedVm(world)];
    expect(await codeOf(await world.post({ evidence, jwt }))).toBe("possession_failed");
    expect(
      await codeOf(
        await world.post({ evidence, x509: { csr: owner.csr.replace(/[A-Z]{4}/, "AAAA") } }),
      ),
    ).toBe("possession_failed");
    expect(
      await codeOf(
        await world.post({ evidence, ...x509(thief), spiffe_id: "spiffe://prod.example/other" }),
      ),
    ).toBe("refused");
    expect(
      await codeOf(
        await withDpop({ evidence, jwt: { audience: ["https://other.example"] } }, thief),
      ),
    ).toBe("refused");
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
  });

  it("needs a DPoP proof for jwt, and takes each proof once", async () => {
    const evidence = [await bootedVm(world)];
    expect(await codeOf(await world.post({ evidence, ...x509(owner), jwt }))).toBe(
      "possession_failed",
    );
    const text = JSON.stringify({ evidence, jwt });
    const headers = { dpop: await owner.dpop(text) };
    expect((await world.post(text, headers)).status).toBe(200);
    expect(await codeOf(await world.post(text, headers))).toBe("possession_failed");
    expect(lastReason()).toBe("dpop_replayed");
    expect((await withDpop({ evidence, jwt }, owner)).status).toBe(200);
  });

  it("owner key apart from the SVID's key: the CSR may name another key than DPoP", async () => {
    const evidence = [await bootedVm(world)];
    const first = await workload(world);
    const second = await workload(world);
    expect((await withDpop({ evidence, ...x509(first) }, owner)).status).toBe(200);
    expect((await withDpop({ evidence, ...x509(second), jwt }, owner)).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(second) }))).toBe("evidence_claimed");
    expect(await codeOf(await withDpop({ evidence, ...x509(second) }, thief))).toBe(
      "evidence_claimed",
    );
  });

  it("VM rebooted with and without its key", async () => {
    const evidence = [await bootedVm(world)];
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
    world.now += DAY; // a reboot: the same document, late
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
    const forgetful = await workload(world);
    expect(await codeOf(await world.post({ evidence, ...x509(forgetful) }))).toBe(
      "evidence_claimed",
    );
    const restarted = [await bootedVm(world, undefined, world.now)]; // a stop and start: a new generation
    expect((await world.post({ evidence: restarted, ...x509(forgetful) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(owner) }))).toBe("evidence_claimed");
    expect(lastReason()).toBe("claim_stale");
  });

  it("a copy of a document presented late, before and after the owner's restart", async () => {
    const copy = [await bootedVm(world)];
    world.now = NOW + 16 * MINUTE;
    expect(await codeOf(await world.post({ evidence: copy, ...x509(thief) }))).toBe(
      "evidence_claimed",
    );
    expect(lastReason()).toBe("claim_too_late");
    const fresh = [await bootedVm(world, undefined, world.now)];
    expect((await world.post({ evidence: fresh, ...x509(owner) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence: copy, ...x509(thief) }))).toBe(
      "evidence_claimed",
    );
    expect(lastReason()).toBe("claim_stale");
    world.now += 40 * DAY; // the claim itself has ended; the old copies still open nothing
    for (const evidence of [copy, fresh])
      expect(await codeOf(await world.post({ evidence, ...x509(thief) }))).toBe("evidence_claimed");
  });

  it("the issuer down while a VM boots, then claims assign", async () => {
    const store = memoryStore();
    world = await createWorld({ store });
    owner = await workload(world);
    const evidence = [await bootedVm(world)];
    world.now = NOW + DAY;
    expect(await codeOf(await world.post({ evidence, ...x509(owner) }))).toBe("evidence_claimed");
    const verified = world.snapshot.attestors.get("aws_iid")?.parse(evidence[0]);
    if (verified?.ok !== true) throw new Error("fixture");
    const attestation = await world.snapshot.attestors
      .get("aws_iid")
      ?.verify(verified.value, { now: world.now });
    if (attestation?.ok !== true) throw new Error("fixture");
    await store.assign(attestation.value.claimKey, owner.jkt, world.now, 30 * DAY);
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(await workload(world)) }))).toBe(
      "evidence_claimed",
    );
    await store.ban(attestation.value.claimKey, world.now);
    expect(await codeOf(await world.post({ evidence, ...x509(owner) }))).toBe("evidence_claimed");
    expect(lastReason()).toBe("claim_banned");
  });

  it("a claim made for nothing is released", async () => {
    const evidence = [await bootedVm(world)];
    world.audit.broken = true;
    expect((await world.post({ evidence, ...x509(thief) })).status).toBe(503);
    world.audit.broken = false;
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
  });

  it("100 requests at once with different keys: exactly one owner", async () => {
    const evidence = [await bootedVm(world)];
    const claimants = await Promise.all(Array.from({ length: 100 }, () => workload(world)));
    const answers = await Promise.all(
      claimants.map((claimant) => world.post({ evidence, ...x509(claimant) })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(99);
  });
});

describe("a managed identity's token", () => {
  it("belongs to as many keys as the rule says", async () => {
    const evidence = [await msiToken(world)];
    expect((await world.post({ evidence, ...x509(owner) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(thief) }))).toBe("evidence_claimed");
  });

  it("makes room above one when an owner has not renewed", async () => {
    const rules = [
      {
        name: "msi",
        evidence: { azure_msi: {} },
        keys_per_token: 2,
        spiffe_id: "/msi/{azure_msi.principal_id}",
        x509: { ttl: "1h" },
      },
    ];
    world = await createWorld({ rules });
    const [one, two, three] = await Promise.all([
      workload(world),
      workload(world),
      workload(world),
    ]);
    const evidence = [await msiToken(world)];
    for (const by of [one, two])
      expect((await world.post({ evidence, ...x509(by) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(three) }))).toBe("evidence_claimed");
    world.now += 3600 + 601;
    expect((await world.post({ evidence, ...x509(two) })).status).toBe(200);
    expect((await world.post({ evidence, ...x509(three) })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, ...x509(one) }))).toBe("evidence_claimed");
  });
});

it("a store that fails refuses, and signs nothing", async () => {
  const store = { ...memoryStore(), claim: () => Promise.reject(new Error("store is down")) };
  world = await createWorld({ store });
  const answer = await world.post({
    evidence: [await bootedVm(world)],
    ...x509(await workload(world)),
  });
  expect(answer.status).toBe(503);
  expect(signatures()).toBe(0);
});
