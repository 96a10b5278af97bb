import { describe, expect, it } from "vitest";
import { optimisticStore } from "../../src/stores/optimistic.ts";
import type { Records } from "../../src/stores/records.ts";
import type { ClaimStore } from "../../src/stores/claim-store.ts";
import type { StoreError } from "../../src/stores/store-error.ts";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import { freshKey, NOW } from "./store-subject.ts";

/** What a test does to every answer of a simulated service; undefined: nothing. */
type Fault = (() => Response | Promise<Response>) | undefined;

export interface FailingRecords {
  readonly records: Records;
  readonly fault: (fault: Fault) => void;
}

/** What a store over HTTP makes of a service that is down, slow or lies: no answer that counts, and no secret told. */
export function serviceTests(subject: FailingRecords): void {
  const storeOf = (deadlineMs: number): ClaimStore =>
    optimisticStore(subject.records, {
      platform: webCryptoPlatform(),
      trustDomain: "prod.example",
      deadlineMs,
    });
  const store = storeOf(20_000); // what counts is the answer, not how fast a busy machine is
  const claim = (by = store): Promise<unknown> =>
    by.claim({
      key: freshKey(),
      owner: "a",
      generation: 0,
      now: NOW,
      ttlSeconds: 100,
      maxOwners: 1,
      create: true,
      requestId: "r1",
    });

  async function refused(
    fault: Fault,
    work: () => Promise<unknown> = () => claim(),
  ): Promise<StoreError> {
    subject.fault(fault);
    try {
      return await work().then(
        (answer) => {
          throw new Error(`answered ${JSON.stringify(answer)}`);
        },
        (error: StoreError) => error,
      );
    } finally {
      subject.fault(undefined);
    }
  }

  describe("when its service fails", () => {
    it.each<[string, Fault, string]>([
      ["cannot be reached", () => Promise.reject(new TypeError("fetch failed")), "unavailable"],
      ["is overloaded", () => new Response("busy", { status: 503 }), "unavailable"],
      ["asks for fewer calls", () => new Response("{}", { status: 429 }), "unavailable"],
      ["forbids it", () => new Response("{}", { status: 403 }), "refused"],
      ["knows us not", () => new Response("{}", { status: 401 }), "refused"],
      ["sends us elsewhere", () => Response.redirect("https://evil.example/", 307), "refused"],
      ["answers no JSON", () => new Response("<html>", { status: 200 }), "refused"],
      ["answers a list", () => Response.json([1]), "refused"],
      ["answers without end", () => new Response(new Uint8Array(3 * 1024 * 1024)), "refused"],
    ])("refuses where it %s", async (_, fault, code) => {
      const error = await refused(fault);
      expect(error).toMatchObject({ name: "StoreError", code });
      expect(error.message).not.toContain("hunter2");
      const once = await refused(fault, () => store.once(freshKey(), NOW, 120));
      expect(once).toMatchObject({ name: "StoreError", code });
      // Not to be told is not to know that nothing stands there.
      const shown = await refused(fault, () => store.show(freshKey()));
      expect(shown).toMatchObject({ name: "StoreError", code });
    });

    it("waits no longer than its deadline", async () => {
      const never = (): Promise<Response> => new Promise(() => undefined);
      expect(await refused(never, () => claim(storeOf(150)))).toMatchObject({
        code: "unavailable",
      });
      // A one-time value is written unread.
      const once = () => storeOf(150).once(freshKey(), NOW, 120);
      expect(await refused(never, once)).toMatchObject({ code: "unavailable" });
    });

    it("goes on when it is back", async () => {
      expect(await claim()).toEqual({ outcome: "created" });
    });
  });
}
