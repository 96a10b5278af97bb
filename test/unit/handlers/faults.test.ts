import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import type { AuditSink } from "../../../src/issuer/audit.ts";
import type { Snapshot } from "../../../src/issuer/snapshot.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import { bootedVm, cronToken, AUDIENCE, ENDPOINT, type Workload } from "../issuer/world.ts";
import { expectUnavailable, faultBench, type FaultBench, type Sign } from "./fault-bench.ts";
import { problemOf } from "./support.ts";

const jwt = { audience: [AUDIENCE] };
const flipped: Sign = (_, genuine) => genuine.with(20, (genuine[20] ?? 0) ^ 1);

let bench: FaultBench;
let { world, alice, mallory, history, events, keysWith, post } = {} as FaultBench;

beforeAll(async () => {
  bench = await faultBench();
  ({ world, alice, mallory, history, events, keysWith, post } = bench);
});
beforeEach(() => {
  bench.reset();
});

describe("claims of a request that ended without a signature", () => {
  const csrOf = (by: Workload) => ({ x509: { csr: by.csr } });
  const claimed = async (): Promise<unknown[]> =>
    ((await bench.store().list?.()) ?? []).flatMap(({ owners }) =>
      owners.map(({ owner }) => owner),
    );

  it.each<[string, () => Partial<Snapshot>]>([
    [
      "the key service was down",
      () => keysWith("x509", () => Promise.reject(new SignerError("unavailable", "down"))),
    ],
    ["the signature was unsound", () => keysWith("x509", flipped)],
    ["something threw", () => keysWith("x509", () => Promise.reject(new Error("boom")))],
    ["no key was active", () => ({ keys: { ...world.keys, x509: () => undefined } })],
    [
      "the documents could not be made",
      () => ({ documents: () => Promise.reject(new Error("boom")) }),
    ],
    [
      "the builder threw",
      () => ({
        keys: {
          ...world.keys,
          x509: () => {
            throw new Error("boom");
          },
        },
      }),
    ],
  ])("are free again where %s", async (_, snapshot) => {
    const evidence = [await bootedVm(world)];
    await expectUnavailable(await post({ evidence, ...csrOf(mallory) }, snapshot()));
    expect(await claimed()).toEqual([]);
    expect((await post({ evidence, ...csrOf(alice) })).status).toBe(200);
    expect(await claimed()).toEqual([alice.jkt]);
  });

  it.each([
    ["a certificate, and then no token", () => csrOf(alice), "jwt"],
    ["a token, and then no WIT-SVID", () => ({ wit: {} }), "wit"],
  ] as const)(
    "stand once something was signed, so that a retry is the owner's: %s",
    async (_, beside, failing) => {
      const body = { evidence: [await bootedVm(world)], ...beside(), jwt };
      await expectUnavailable(await post(body, keysWith(failing, flipped), { by: alice }));
      expect(await claimed()).toEqual([alice.jkt]);
      expect((await post(body, {}, { by: alice })).status).toBe(200);
      const stolen = { evidence: body.evidence, ...csrOf(mallory), jwt };
      expect((await post(stolen, {}, { by: mallory })).status).toBe(409);
    },
  );

  it("are never taken from an owner who was there before", async () => {
    const body = { evidence: [await bootedVm(world)], ...csrOf(alice) };
    expect((await post(body)).status).toBe(200);
    await expectUnavailable(await post(body, keysWith("x509", flipped)));
    expect(await claimed()).toEqual([alice.jkt]);
  });
});

describe("an attestor that breaks", () => {
  const throwing = () => {
    throw new RangeError("boom");
  };
  const rejecting = () => Promise.reject(new RangeError("boom"));

  it.each<["parse" | "precheck" | "verify", string, () => unknown]>([
    ["parse", "throws at once", throwing],
    ["precheck", "throws at once", throwing],
    ["precheck", "rejects", rejecting],
    ["verify", "throws at once", throwing],
    ["verify", "rejects", rejecting],
  ])("whose %s %s: a fault of ours, no claim, no signature", async (stage, _, fault) => {
    const genuine = world.snapshot.attestors.get("aws_iid");
    if (genuine === undefined) throw new Error("fixture");
    const broken = { ...genuine, [stage]: fault };
    const attestors = new Map([...world.snapshot.attestors, ["aws_iid", broken]]);
    const evidence = [await cronToken(world), await bootedVm(world)];
    await expectUnavailable(await post({ evidence, x509: { csr: alice.csr } }, { attestors }));
    expect(history).toEqual(["refused"]);
    expect(events[0]).toMatchObject({ reason: "internal_fault" });
    expect(await bench.store().list?.()).toEqual([]);
  });
});

describe("a claim store that fails (F16)", () => {
  const machine = async (by: Workload) => ({
    evidence: [await bootedVm(world)],
    x509: { csr: by.csr },
  });
  const failing = (part: Partial<ClaimStore>): Partial<Snapshot> => ({
    store: { ...bench.store(), ...part },
  });
  const down = () => Promise.reject(new Error("store is down"));

  it.each<[string, Partial<ClaimStore>]>([
    ["claim rejects", { claim: down }],
    [
      "claim throws at once",
      {
        claim: () => {
          throw new Error("store is down");
        },
      },
    ],
    ["everything rejects", { claim: down, once: down, release: down }],
  ])("%s: closed, no intent, no signature", async (_, part) => {
    await expectUnavailable(await post(await machine(alice), failing(part)));
    expect(history).toEqual(["refused"]);
    expect(events[0]).toMatchObject({ reason: "store_unavailable" });
  });

  it("once rejects: a proof that cannot be remembered is not taken", async () => {
    const body = { ...(await machine(alice)), jwt };
    await expectUnavailable(await post(body, failing({ once: down }), { by: alice }));
    expect(history).toEqual(["refused"]);
    expect(await bench.store().list?.()).toEqual([]);
  });

  it("an answer that was lost on its way leaves no claim", async () => {
    const claim = async (request: Parameters<ClaimStore["claim"]>[0]): Promise<never> => {
      await bench.store().claim(request);
      throw new Error("connection reset");
    };
    await expectUnavailable(await post(await machine(mallory), failing({ claim })));
    expect(await bench.store().list?.()).toEqual([]);
  });

  it("release rejects: the answer stays what it was", async () => {
    const snapshot = { ...keysWith("x509", flipped), ...failing({ release: down }) };
    await expectUnavailable(await post(await machine(alice), snapshot));
    expect(events.at(-1)).toMatchObject({ event: "outcome", reason: "signature_unsound" });
  });

  it("does not touch evidence that is bound", async () => {
    const answer = await post(
      { evidence: [await cronToken(world)], jwt },
      failing({ claim: down, once: down, release: down }),
    );
    expect(answer.status).toBe(200);
  });

  it("is not there: refused, and the operator told why", async () => {
    const { store: _, ...without } = world.snapshot;
    const lines: string[] = [];
    const issuer = createIssuer(() => without, {
      audit: { write: (line) => void lines.push(line) },
    });
    const body = JSON.stringify(await machine(alice));
    const headers = { "content-type": "application/json" };
    const answer = await createApp(issuer, { openapi: "{}" }).fetch(
      new Request(ENDPOINT, { method: "POST", body, headers }),
    );
    expect(await problemOf(answer)).toMatchObject({ status: 403, code: "refused" });
    expect(lines.join()).toContain('"claim_store_missing"');
  });
});

describe("an audit sink that fails (F17)", () => {
  it.each<[string, AuditSink["write"]]>([
    ["rejects", () => Promise.reject(new Error("disk full"))],
    [
      "throws",
      () => {
        throw new Error("disk full");
      },
    ],
  ])("%s: nothing is signed, and claims are free again", async (_, write) => {
    const snapshot = keysWith("x509", (_data, genuine) => genuine);
    const body = { evidence: [await bootedVm(world)], x509: { csr: mallory.csr } };
    await expectUnavailable(await post(body, snapshot, { audit: { write } }));
    expect(history).toEqual([]); // the signer's name would be in it
    expect(await bench.store().list?.()).toEqual([]);
  });

  it("is slow: the signature waits for it", async () => {
    let acknowledge: () => void = () => {};
    const write = (line: string): void | Promise<void> => {
      const { event } = JSON.parse(line) as { event: string };
      history.push(event);
      if (event !== "intent") return undefined;
      return new Promise((resolve) => {
        acknowledge = () => {
          history.push("acknowledged");
          resolve();
        };
      });
    };
    const pending = post(
      { evidence: [await cronToken(world)], jwt },
      keysWith("jwt", (_, genuine) => genuine),
      { audit: { write } },
    );
    while (history.length === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // oxlint-disable-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(history).toEqual(["intent"]);
    acknowledge();
    expect((await pending).status).toBe(200);
    expect(history).toEqual(["intent", "acknowledged", "jwt", "outcome"]);
  });

  it("fails after the signature: the intent stands, what is signed leaves, and it is counted", async () => {
    const lines: string[] = [];
    const issuer = createIssuer(() => world.snapshot, {
      metrics: createMetrics(),
      audit: {
        write(line) {
          if (lines.length > 0) throw new Error("disk full");
          lines.push(line);
        },
      },
    });
    const body = JSON.stringify({ evidence: [await cronToken(world)], jwt });
    const headers = { "content-type": "application/json" };
    const answer = await createApp(issuer, { openapi: "{}" }).fetch(
      new Request(ENDPOINT, { method: "POST", body, headers }),
    );
    expect(answer.status).toBe(200);
    expect(lines).toHaveLength(1);
    expect(issuer.metrics.render()).toContain("svidmint_audit_write_failures_total 1");
  });
});
