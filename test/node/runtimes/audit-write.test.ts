import { beforeEach, describe, expect, it, vi } from "vitest";
import { auditFile } from "../../../src/runtimes/node/audit-file.ts";

/** What the system does with each write: so many bytes are taken, or it fails. */
type Step = number | string;
type Done = (error: Error | null, written: number) => void;

const system = vi.hoisted(() => ({
  steps: [] as Step[],
  taken: "",
  isFile: false,
  isTerminal: false,
  places: [] as string[],
}));

vi.mock(import("node:fs"), async (original) => {
  const actual = await original();
  const step = (
    _fd: number,
    bytes: Buffer,
    at: number,
    length: number,
    _position: null,
    done: Done,
  ): void => {
    const next = system.steps.shift() ?? length;
    if (typeof next === "string") {
      done(Object.assign(new Error(next), { code: next }), 0);
      return;
    }
    system.taken += bytes.toString("latin1", at, at + Math.min(next, length));
    done(null, Math.min(next, length));
  };
  const write = (...args: Parameters<typeof step>): void => {
    system.places.push("thread");
    step(...args);
  };
  const writeSync = (fd: number, bytes: Buffer, at: number): number => {
    system.places.push("here");
    let taken = 0;
    step(fd, bytes, at, bytes.length - at, null, (error, length) => {
      if (error !== null) throw error;
      taken = length;
    });
    return taken;
  };
  return {
    ...actual,
    write: write as unknown as typeof actual.write,
    writeSync: writeSync as unknown as typeof actual.writeSync,
    fstatSync: (() => ({ isFile: () => system.isFile })) as unknown as typeof actual.fstatSync,
  };
});

vi.mock(import("node:tty"), async (original) => ({
  ...(await original()),
  isatty: () => system.isTerminal,
}));

beforeEach(() => {
  system.isFile = false;
  system.isTerminal = false;
  system.places = [];
  system.steps = [];
  system.taken = "";
});

const codeOf = async (promise: void | Promise<void>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => "written",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );

describe.each(["by the thread pool", "in place"])(
  "a system that takes a write in pieces, %s",
  (way) => {
    beforeEach(() => {
      system.isFile = way === "in place";
    });

    it("gets all of it, in order", async () => {
      const audit = auditFile({ target: 77 });
      system.steps = [1, "EAGAIN", 2, 0, "EAGAIN", "EAGAIN", 3];
      await Promise.all([audit.write("first"), audit.write("second")]);
      await audit.write("third");
      expect(system.taken).toBe("first\nsecond\nthird\n");
    });

    it.each(["ENOSPC", "EIO", "EPIPE", "EDQUOT"])(
      "%s in the middle of a line: whoever waits is told, and the torn line stays alone",
      async (code) => {
        const audit = auditFile({ target: 77 });
        system.steps = [3, code];
        expect(
          await Promise.all([audit.write("first"), audit.write("second")].map(codeOf)),
        ).toEqual([code, code]);
        expect(system.taken).toBe("fir");
        await audit.write("third");
        await audit.write("fourth");
        expect(system.taken).toBe("fir\nthird\nfourth\n");
      },
    );

    it("a failure between two lines leaves no empty one", async () => {
      const audit = auditFile({ target: 77 });
      system.steps = [6, "ENOSPC"];
      expect(await codeOf(audit.write("first"))).toBe("written");
      expect(await codeOf(audit.write("second"))).toBe("ENOSPC");
      await audit.write("third");
      expect(system.taken).toBe("first\nthird\n");
    });

    it("failing again before the torn line is ended, still ends it once", async () => {
      const audit = auditFile({ target: 77 });
      system.steps = [3, "ENOSPC", "ENOSPC", "ENOSPC"];
      for (const line of ["first", "second", "third"])
        expect(await codeOf(audit.write(line))).toBe("ENOSPC"); // oxlint-disable-line no-await-in-loop
      await audit.write("fourth");
      expect(system.taken).toBe("fir\nfourth\n");
    });

    it("one failure does not spoil the next", async () => {
      const audit = auditFile({ target: 77 });
      for (let round = 0; round < 50; round++) {
        system.steps = ["EIO"];
        expect(await codeOf(audit.write("lost"))).toBe("EIO"); // oxlint-disable-line no-await-in-loop
        expect(await codeOf(audit.write("kept"))).toBe("written"); // oxlint-disable-line no-await-in-loop
      }
      expect(system.taken).toBe("kept\n".repeat(50));
    });
  },
);

describe("a file that takes its time", () => {
  it("is left to the thread pool for a while, and then tried again", async () => {
    system.isFile = true;
    let now = 1000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    const audit = auditFile({ target: 77 });
    await audit.write("quick");
    clock.mockImplementationOnce(() => now).mockImplementationOnce(() => now + 50);
    await audit.write("slow");
    await audit.write("waits elsewhere");
    now += 10_001;
    await audit.write("quick again");
    clock.mockRestore();
    expect(system.places).toEqual(["here", "here", "thread", "here"]);
  });
});

describe("standard output", () => {
  it.each([
    ["a pipe", false, "here"],
    ["a terminal, which somebody may have halted", true, "thread"],
  ])("that is %s", async (_, isTerminal, place) => {
    system.isTerminal = isTerminal;
    const audit = auditFile({ target: 1 });
    await audit.write("line");
    expect(system.places).toEqual([place]);
    expect(system.taken).toBe("line\n");
  });
});
