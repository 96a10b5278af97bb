import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../../../src/encoding/bytes.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import type { SvidUse } from "../../../src/signer/algorithms.ts";
import type { KeyHandle } from "../../../src/signer/backend.ts";
import { wrapKey, wrappingContext } from "../../../src/signer/envelope.ts";
import { SignerError, type Signer } from "../../../src/signer/signer.ts";
import { openWrapped } from "../../../src/signer/wrapped.ts";
import { modeBench, modeKey } from "./mode-bench.ts";

/** A key service that decrypts what it encrypted; where it can bind, for the same context alone. */
class FakeKeyService {
  readonly asked: string[] = [];
  binds = true;
  fault: (plain: Uint8Array) => Uint8Array | Promise<Uint8Array> = (plain) => plain;
  readonly #held = new Map<string, { readonly plain: Uint8Array; readonly context: string }>();

  encrypt(plain: Uint8Array, context: string): Uint8Array {
    const name = `blob-${this.#held.size}`;
    this.#held.set(name, { plain: plain.slice(), context });
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

type Members = Record<string, string | number>;

/** @param dataKey what the private key is encrypted with; the service knows it as its own */
export async function wrappedWorld(dataKey = crypto.getRandomValues(new Uint8Array(32))) {
  const bench = modeBench();
  const { platform } = bench;
  const service = new FakeKeyService();
  const key = await platform.generateKey("P-256");
  const wrap = async (
    one: PrivateKey,
    to: { use?: SvidUse; trustDomain?: string } = {},
  ): Promise<string> => {
    const { use = "jwt", trustDomain = bench.deps.trustDomain } = to;
    const kid = await thumbprint(platform, one.publicKey.info);
    const wrapped = service.encrypt(dataKey, wrappingContext({ trustDomain, use, kid }));
    return wrapKey(one, { trustDomain, use }, { plain: dataKey, wrapped }, platform);
  };
  const own = await wrap(key);
  const open = async (file: string, handle?: KeyHandle | "none"): Promise<Signer | undefined> => {
    const settings = { mode: "wrapped", wrapped_key: inPlace(file) } as const;
    const at = handle === "none" ? undefined : (handle ?? service.handle);
    const entry = await modeKey(bench, "jwt", key, settings, at);
    return (await openWrapped(entry, bench.deps)).signer;
  };
  const changed = (change: (members: Members) => Members): string =>
    JSON.stringify(change(JSON.parse(own) as Members));
  return { bench, service, key, own, wrap, open, changed };
}

export function inPlace(text: string): string {
  return `data:;base64,${encodeBase64(utf8Encode(text))}`;
}
