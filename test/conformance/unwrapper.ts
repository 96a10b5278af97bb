import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64, encodeBase64url } from "../../src/encoding/base64.ts";
import { toHex, utf8Encode } from "../../src/encoding/bytes.ts";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import type { KeyHandle } from "../../src/signer/backend.ts";
import { wrapKey, wrappingContext, type WrappedFor } from "../../src/signer/envelope.ts";
import { SignerError, type Signer, type SignerErrorCode } from "../../src/signer/signer.ts";
import { openWrapped } from "../../src/signer/wrapped.ts";
import { modeBench, modeKey } from "../unit/signer/mode-bench.ts";
import { inPlace } from "../unit/signer/wrapped-bench.ts";

const DATA = utf8Encode("bytes that we encoded");

const GOOD = new Set([true]);

/** A service with a key that wraps data keys, and an entry that names it. */
interface WrappingService<F> {
  readonly handle: KeyHandle;
  /** As an operator has it done. */
  wrap(dataKey: Uint8Array, context: string): Promise<Uint8Array>;
  /** How often it was asked to decrypt. */
  calls(): number;
  /** From now on it answers so; undefined: as it should. */
  become(fault: F | undefined): void;
}

/** What a service does instead of an answer. */
interface WrappingFaults<F> {
  readonly denied?: F;
  readonly throttled?: F;
  readonly unavailable?: F;
  /** Of the right form, but for the data key. */
  readonly malformed?: F;
  /** The data key, and the name of another key beside it, where the service names any. */
  readonly foreign?: F;
}

/**
 * What every backend of mode `wrapped` does alike, through the mode and with envelopes as they are written.
 * @param binds whether the service is given the context, and decrypts in no other
 */
export function unwrapperConformance<F>(
  name: string,
  binds: boolean,
  faults: WrappingFaults<F>,
  make: () => Promise<WrappingService<F>>,
): void {
  describe(`Unwrapper: ${name}`, () => {
    let service: WrappingService<F>;
    let world: Awaited<ReturnType<typeof worldOf>>;
    beforeAll(async () => {
      service = await make();
    });
    beforeEach(async () => {
      service.become(undefined);
      world = await worldOf(service);
    });

    it("opens what was wrapped: one call for fifty signatures at once, and for those after", async () => {
      const signer = await world.opened(await world.envelope());
      expect(world.calls()).toBe(0);
      expect(await world.verdicts(signer, 50)).toEqual(GOOD);
      world.bench.now += 30 * 86_400;
      expect(await world.verdicts(signer, 5)).toEqual(GOOD);
      expect(world.calls()).toBe(1);
    });

    it.each<[string, RegExp, () => Promise<string>]>([
      [
        "key",
        /another key than/,
        async () => world.envelope({ key: await world.bench.platform.generateKey("P-256") }),
      ],
      ["use", /for a wit key/, () => world.envelope({ use: "wit" })],
      [
        "trust domain",
        /another trust domain/,
        () => world.envelope({ trustDomain: "other.example" }),
      ],
    ])("does not load the envelope of another %s", async (_, message, file) => {
      expect(await world.open(await file())).toBeUndefined();
      expect(world.bench.complaints).toEqual([expect.stringMatching(message)]);
      expect(world.calls()).toBe(0);
    });

    it.each<readonly [string, (own: string) => Promise<string>]>([
      [
        "key",
        async (own) =>
          withMembers(
            await world.envelope({ key: await world.bench.platform.generateKey("P-256") }),
            own,
          ),
      ],
      ["use", async (own) => withMembers(await world.envelope({ use: "wit" }), own)],
      [
        "trust domain",
        async (own) => withMembers(await world.envelope({ trustDomain: "other.example" }), own),
      ],
      // Ours in all but what its data key was wrapped for: what binds nothing cannot tell.
      ...(binds
        ? [["context", () => world.envelope({ context: (own) => `${own}x` })] as const]
        : []),
    ])("signs nothing by the envelope of another %s under our names", async (_, file) => {
      const signer = await world.opened(await file(await world.envelope()));
      expect(await world.refusal(signer)).toEqual(refused(binds ? "denied" : "unsound", 1));
    });

    it.each<[string, SignerErrorCode]>([
      ["data_key", "denied"],
      ["iv", "unsound"],
      ["ciphertext", "unsound"],
    ])("signs nothing where a bit of %s is flipped: %s", async (member, code) => {
      const signer = await world.opened(flipped(await world.envelope(), member));
      // What is not even of its form is not shown to the service.
      const asked = { calls: expect.toBeOneOf([0, 1]) };
      expect(await world.refusal(signer)).toEqual({ ...refused(code, 1), ...asked });
    });

    it.each<[string, (plain: Uint8Array) => Uint8Array]>([
      ["of 16 octets", (plain) => plain.subarray(0, 16)],
      ["of 33 octets", (plain) => new Uint8Array([...plain, 0])],
      ["of another", (plain) => plain.with(31, (plain[31] ?? 0) ^ 1)],
    ])("signs nothing by a data key %s", async (_, given) => {
      const signer = await world.opened(await world.envelope({ given }));
      expect(await world.refusal(signer)).toEqual(refused("unsound", 1));
    });

    it.each(
      (
        [
          ["denies", "denied", 1, faults.denied],
          ["throttles", "throttled", 2, faults.throttled],
          ["is away", "unavailable", 2, faults.unavailable],
          ["answers with no data key", "unsound", 1, faults.malformed],
          ["answers for another key", "unsound", 1, faults.foreign],
        ] as const
      ).flatMap(([what, code, calls, fault]) =>
        fault === undefined ? [] : [[what, code, calls, fault] as const],
      ),
    )("signs nothing while the service %s, and does again after it", async (...row) => {
      const [, code, calls, fault] = row;
      const signer = await world.opened(await world.envelope());
      service.become(fault);
      expect(await world.refusal(signer)).toEqual(refused(code, calls));
      service.become(undefined);
      world.bench.now += 30;
      expect(await world.verdicts(signer, 1)).toEqual(GOOD);
      expect(world.calls()).toBe(calls + 1);
    });
  });
}

function refused(code: SignerErrorCode, calls: number) {
  return { codes: [code], leaks: [], calls };
}

interface Wish {
  readonly key?: PrivateKey;
  readonly use?: "jwt" | "wit";
  readonly trustDomain?: string;
  /** What the data key is wrapped for, in place of what it should be. */
  readonly context?: (own: string) => string;
  /** What is wrapped in place of the data key. */
  readonly given?: (plain: Uint8Array) => Uint8Array;
}

async function worldOf<F>(service: WrappingService<F>) {
  const bench = modeBench();
  const { platform } = bench;
  const before = service.calls();
  const calls = (): number => service.calls() - before;
  const own = await platform.generateKey("P-256");
  const secrets: Uint8Array[] = [];

  async function envelope({
    key = own,
    use = "jwt",
    trustDomain = bench.deps.trustDomain,
    context = (text) => text,
    given = (plain) => plain,
  }: Wish = {}): Promise<string> {
    const to: WrappedFor = {
      trustDomain,
      use,
      kid: await thumbprint(platform, key.publicKey.info),
    };
    const plain = platform.random(32);
    const wrapped = await service.wrap(given(plain), context(wrappingContext(to)));
    secrets.push(plain, given(plain));
    return wrapKey(key, to, { plain, wrapped }, platform);
  }

  async function open(file: string): Promise<Signer | undefined> {
    const settings = { mode: "wrapped", wrapped_key: inPlace(file) } as const;
    const entry = await modeKey(bench, "jwt", own, settings, service.handle);
    return (await openWrapped(entry, bench.deps)).signer;
  }

  async function opened(file: string): Promise<Signer> {
    const signer = await open(file);
    if (signer === undefined) throw new Error(bench.complaints.join("; "));
    return signer;
  }

  /** Of signatures that are asked for at once. */
  async function verdicts(signer: Signer, times: number): Promise<ReadonlySet<boolean>> {
    const checks = Array.from({ length: times }, async (_, at) => {
      const data = utf8Encode(`input ${at}`);
      return platform.verify(signer.scheme, own.publicKey, await signer.sign(data), data);
    });
    return new Set(await Promise.all(checks));
  }

  /** Of ten that ask at once: what each is told, what of it nobody may hear, and how often the service was asked. */
  async function refusal(signer: Signer) {
    const tries = Array.from({ length: 10 }, async () => signer.sign(DATA));
    const errors = (await Promise.allSettled(tries)).map((outcome): SignerError => {
      const error: unknown = outcome.status === "rejected" ? outcome.reason : outcome.value;
      if (error instanceof SignerError) return error;
      throw new Error(`not refused: ${String(error)}`);
    });
    const secret = secrets.flatMap((bytes) => [
      encodeBase64(bytes),
      encodeBase64url(bytes),
      toHex(bytes),
    ]);
    const told = (text: string): boolean => errors.some(({ message }) => message.includes(text));
    const leaks = [...secret, "hunter2"].filter(told);
    return { codes: [...new Set(errors.map(({ code }) => code))], leaks, calls: calls() };
  }

  return { bench, calls, envelope, open, opened, verdicts, refusal };
}

function membersOf(file: string): Record<string, unknown> {
  return JSON.parse(file);
}

/** What `file` holds under the names of `own`. */
function withMembers(file: string, own: string): string {
  const { kid, use, trust_domain } = membersOf(own);
  return JSON.stringify({ ...membersOf(file), kid, use, trust_domain });
}

function flipped(file: string, member: string): string {
  const members = membersOf(file);
  const bytes = decodeBase64(String(members[member]));
  if (!bytes.ok) throw new Error("no base64");
  const at = bytes.value.length >> 1;
  const changed = bytes.value.with(at, (bytes.value[at] ?? 0) ^ 1);
  return JSON.stringify({ ...members, [member]: encodeBase64(changed) });
}
