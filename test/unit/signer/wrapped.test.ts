import { describe, expect, it } from "vitest";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../../../src/encoding/bytes.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { SvidUse } from "../../../src/signer/algorithms.ts";
import type { KeyHandle } from "../../../src/signer/backend.ts";
import { wrapKey } from "../../../src/signer/envelope.ts";
import type { ModeKey } from "../../../src/signer/mode.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { openWrapped } from "../../../src/signer/wrapped.ts";
import { modeBench, modeKey, type ModeBench } from "./mode-bench.ts";

const DATA = utf8Encode("bytes that we encoded");

/** Decrypts what it encrypted, for the same context, as services do that bind one. */
class FakeVault {
  readonly asked: string[] = [];
  readonly #held = new Map<string, { plain: Uint8Array; context: string }>();
  fault: (plain: Uint8Array) => Uint8Array | Promise<Uint8Array> = (plain) => plain;
  binds = true;

  encrypt(plain: Uint8Array, context: string): Uint8Array {
    const name = `blob-${this.#held.size}`;
    this.#held.set(name, { plain, context });
    return utf8Encode(name);
  }

  readonly handle: KeyHandle = {
    unwrapper: () => ({
      unwrap: async (wrapped, context) => {
        this.asked.push(context);
        const held = this.#held.get(utf8Decode(wrapped) ?? "");
        if (held === undefined || (this.binds && held.context !== context))
          throw new SignerError("denied", "the service refuses to decrypt");
        return this.fault(held.plain.slice());
      },
    }),
  };
}

const dataUrl = (text: string) => `data:;base64,${encodeBase64(utf8Encode(text))}`;

async function wrappedIn(
  bench: ModeBench,
  vault: FakeVault,
  key: PrivateKey,
  to: { use?: SvidUse; trustDomain?: string } = {},
): Promise<string> {
  const { use = "jwt", trustDomain = bench.deps.trustDomain } = to;
  const plain = bench.platform.random(32);
  const kid = await thumbprint(bench.platform, key.publicKey.info);
  const context = `svidmint-wrapped-key:1:${trustDomain}:${use}:${kid}`;
  const wrapped = vault.encrypt(plain, context);
  return wrapKey(key, { trustDomain, use }, { plain, wrapped }, bench.platform);
}

async function setUp() {
  const bench = modeBench();
  const vault = new FakeVault();
  const key = await bench.platform.generateKey("P-256");
  const text = await wrappedIn(bench, vault, key);
  const entry = (file: string, handle: KeyHandle | undefined = vault.handle): Promise<ModeKey> =>
    modeKey(bench, "jwt", key, { mode: "wrapped", wrapped_key: dataUrl(file) }, handle);
  return { bench, vault, key, text, entry };
}

describe("mode wrapped", () => {
  it("asks for the data key once, at the first signature", async () => {
    const { bench, vault, key, text, entry } = await setUp();
    const { signer } = await openWrapped(await entry(text), bench.deps);
    expect(vault.asked).toEqual([]);
    expect(bench.complaints).toEqual([]);
    const signatures = await Promise.all(
      Array.from({ length: 100 }, async () => signer?.sign(DATA)),
    );
    await signer?.sign(DATA);
    expect(vault.asked).toHaveLength(1);
    const scheme = { name: "ECDSA", hash: "SHA-256" } as const;
    for (const signature of signatures)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await bench.platform.verify(scheme, key.publicKey, signature!, DATA)).toBe(true);
  });
});
