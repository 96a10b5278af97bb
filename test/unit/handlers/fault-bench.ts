import { expect } from "vitest";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import type { AuditSink } from "../../../src/issuer/audit.ts";
import type { Snapshot } from "../../../src/issuer/snapshot.ts";
import type { SvidUse } from "../../../src/signer/algorithms.ts";
import type { Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { createWorld, workload, ENDPOINT, type Workload, type World } from "../issuer/world.ts";
import { problemOf } from "./support.ts";
import { withLeafKey } from "../../fakes/x509-key.ts";

/** What a key service makes of what it was asked to sign. */
export type Sign = (data: Uint8Array, genuine: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** A world of which each request may find one part broken, and that keeps the order of what happened. */
export interface FaultBench {
  readonly world: World;
  readonly alice: Workload;
  readonly mallory: Workload;
  /** Lines of the audit log by their event, signatures by the signer's name. */
  readonly history: string[];
  readonly events: Record<string, unknown>[];
  store(): ClaimStore;
  /** Forgets what happened, claims included. */
  reset(): void;
  keysWith(use: SvidUse, fault: Sign): Pick<Snapshot, "keys">;
  post(
    body: object,
    snapshot?: Partial<Snapshot>,
    options?: { audit?: Partial<AuditSink>; by?: Workload },
  ): Promise<Response>;
}

export async function faultBench(): Promise<FaultBench> {
  const world = await createWorld();
  const [alice, mallory] = await Promise.all([workload(world), workload(world)]);
  const history: string[] = [];
  const events: Record<string, unknown>[] = [];
  let store = memoryStore();

  /** The world's keys, one of them behind a key service that does `fault`, verified as every backend is. */
  function keysWith(use: SvidUse, fault: Sign): Pick<Snapshot, "keys"> {
    const serve = (inner: Signer, sign: Sign): Signer =>
      verified(
        {
          ...inner,
          async sign(data) {
            history.push(inner.id);
            return sign(data, await inner.sign(data));
          },
        },
        world.platform,
      );
    const honest: Sign = (_, genuine) => genuine;
    return {
      keys: {
        ...world.keys,
        x509(now) {
          return withLeafKey(world.keys.x509(now), (key) => ({
            ...key,
            signer: serve(key.signer, use === "x509" ? fault : honest),
          }));
        },
        jwt(now) {
          const key = world.keys.jwt(now);
          return key && { ...key, signer: serve(key.signer, use === "jwt" ? fault : honest) };
        },
        wit(now) {
          const key = world.keys.wit(now);
          return key && { ...key, signer: serve(key.signer, use === "wit" ? fault : honest) };
        },
      },
    };
  }

  async function post(
    body: object,
    snapshot: Partial<Snapshot> = {},
    options: { audit?: Partial<AuditSink>; by?: Workload } = {},
  ): Promise<Response> {
    const { audit = {}, by } = options;
    const sink: AuditSink = {
      write(line) {
        const event = JSON.parse(line) as { event: string };
        history.push(event.event);
        events.push(event);
      },
      ...audit,
    };
    const issuer = createIssuer(() => ({ ...world.snapshot, store, ...snapshot }), { audit: sink });
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      ...(by && { dpop: await by.dpop(text) }),
    };
    return createApp(issuer, { openapi: "{}" }).fetch(
      new Request(ENDPOINT, { method: "POST", body: text, headers }),
    );
  }

  return {
    world,
    alice,
    mallory,
    history,
    events,
    store: () => store,
    reset() {
      history.length = 0;
      events.length = 0;
      store = memoryStore();
    },
    keysWith,
    post,
  };
}

/** 503, when to try again, and nothing else. */
export async function expectUnavailable(answer: Response): Promise<void> {
  expect(answer.headers.get("retry-after")).toBe("5");
  const problem = await problemOf(answer);
  expect(problem).toMatchObject({ status: 503, code: "unavailable" });
  expect(Object.keys(problem).toSorted()).toEqual([
    "code",
    "detail",
    "request_id",
    "status",
    "title",
    "type",
  ]);
  expect(JSON.stringify(problem)).not.toMatch(/CERTIFICATE|eyJ|root|signer|verify/);
}
