import { afterEach, describe, expect, it, vi } from "vitest";
import { utf8Encode } from "../../src/encoding/bytes.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { SignerError, type Signer } from "../../src/signer/signer.ts";
import { verified } from "../../src/signer/verified.ts";

const realTimeout = setTimeout;
const DATA = utf8Encode("bytes that we encoded");
/** What no message may repeat: services tell more than whoever reads a log may know. */
const SECRET = "hunter2";

type Fault = () => Response | Promise<Response>;

/** A signer, and the simulated key service behind it. */
export interface FailingService {
  readonly signer: Signer;
  /** How often it was asked to sign. */
  calls(): number;
  /** From now on it answers so; undefined: as it should. */
  become(fault: Fault | undefined): void;
}

/** Of a simulated service that keeps what it was asked, and answers as `fault` says where that says anything. */
export function failing(
  signer: Signer,
  fake: {
    readonly asked: readonly unknown[];
    fault: (...answer: never[]) => Response | Promise<Response | undefined> | undefined;
  },
): FailingService {
  return {
    signer,
    calls: () => fake.asked.length,
    become(fault) {
      fake.fault = () => fault?.();
    },
  };
}

const status = (code: number): Fault => {
  return () => Response.json({ message: SECRET }, { status: code });
};
/** No signature, the code that it ends in, and how often it is asked for. */
const FAULTS: readonly (readonly [string, readonly string[], number, Fault])[] = [
  ["400", ["denied"], 1, status(400)],
  ["404", ["denied"], 1, status(404)],
  ["404 of a proxy", ["denied"], 1, () => new Response(SECRET, { status: 404 })],
  ["a redirect", ["denied"], 1, () => Response.redirect(`https://${SECRET}.example/`, 307)],
  ["200 that is no JSON", ["denied"], 1, () => new Response(`<html>${SECRET}`)],
  ["200 with a list", ["denied"], 1, () => Response.json([SECRET])],
  ["200 with nothing in it", ["denied", "unsound"], 1, () => Response.json({})],
  ["more than any answer", ["denied"], 1, () => new Response(new Uint8Array(1024 * 1024))],
  ["429", ["throttled"], 2, status(429)],
  ["429 of a proxy", ["throttled"], 2, () => new Response(SECRET, { status: 429 })],
  ["500", ["unavailable"], 2, status(500)],
  ["503 of a proxy", ["unavailable"], 2, () => new Response(SECRET, { status: 503 })],
  ["a lost connection", ["unavailable"], 2, () => Promise.reject(new TypeError("fetch failed"))],
];

/** What every signer over HTTP makes of a key service that is down, slow or lies. @param make a fresh one */
export function signerServiceTests(platform: Platform, make: () => Promise<FailingService>): void {
  const refusalOf = async (signer: Signer): Promise<SignerError> => {
    const error: unknown = await (async () => verified(signer, platform).sign(DATA))().catch(
      (e: unknown) => e,
    );
    if (error instanceof SignerError) return error;
    throw new Error(`not refused: ${String(error)}`);
  };

  describe("its key service", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it("is asked nothing before the first signature, and once for each", async () => {
      const { signer, calls } = await make();
      expect(calls()).toBe(0);
      await signer.sign(DATA);
      expect(calls()).toBe(1);
    });

    it.each(FAULTS)("answers with %s: %j after %i call(s), and no word of it", async (...row) => {
      const [, codes, most, fault] = row;
      const { signer, calls, become } = await make();
      become(fault);
      const error = await refusalOf(signer);
      expect(codes).toContain(error.code);
      expect(calls()).toBe(most);
      expect(error.message).not.toContain(SECRET);
    });

    it("hangs: given up in time, asked twice", async () => {
      const { signer, calls, become } = await make();
      await signer.sign(DATA);
      become(() => new Promise(() => undefined));
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      const began = performance.now();
      const state = { over: false };
      const error = refusalOf(signer).finally(() => (state.over = true));
      // Digests are made off the event loop, which takes real time.
      while (!state.over && performance.now() - began < 10_000) {
        await new Promise((resolve) => realTimeout(resolve, 1)); // oxlint-disable-line no-await-in-loop
        await vi.advanceTimersByTimeAsync(20); // oxlint-disable-line no-await-in-loop
      }
      expect(state.over).toBe(true);
      expect(await error).toMatchObject({ code: "timeout" });
      expect(calls()).toBe(1 + 2);
    });

    it("is well again after one that failed", async () => {
      const { signer, calls, become } = await make();
      become(() => {
        become(undefined);
        return new Response("", { status: 503 });
      });
      await verified(signer, platform).sign(DATA);
      expect(calls()).toBe(2);
    });
  });
}
