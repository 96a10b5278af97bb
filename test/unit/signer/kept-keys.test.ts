import { beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config-issue.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { Kept } from "../../../src/kept.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { BackendDeps, KeyHandle } from "../../../src/signer/backend.ts";
import { keptBackends, keptModes } from "../../../src/signer/kept-keys.ts";
import type { ModeDeps, ModeKey } from "../../../src/signer/mode.ts";

const platform = webCryptoPlatform();
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/one";
let opened: unknown[];
let files: Record<string, string>;
let kept: Kept;
beforeEach(() => {
  opened = [];
  files = { "file:own.key": "one", "file:ca.pem": "one", "file:jwt.wrapped": "one" };
  kept = new Kept();
});

function deps(): BackendDeps {
  const read = async (reference: string): Promise<Uint8Array> => {
    const text = files[reference];
    if (text === undefined)
      throw new ConfigError([{ path: [], message: "gone", severity: "error" }]);
    return utf8Encode(text);
  };
  const readPrivate = (reference: string): Promise<Uint8Array> =>
    reference.endsWith(".key")
      ? read(reference)
      : Promise.reject(
          new ConfigError([{ path: [], message: "can be read by others", severity: "error" }]),
        );
  return { platform, read, readPrivate, env: () => undefined, complain: () => undefined };
}

/** As the next configuration would. */
async function open(backend: string, entry: object, whole = true): Promise<KeyHandle | undefined> {
  const make = async (settings: unknown): Promise<KeyHandle | undefined> => {
    opened.push(settings);
    return whole ? {} : undefined;
  };
  kept = new Kept(kept);
  const handle = await keptBackends({ aws_kms: make, ca_files: make, local: make }, kept.keep)[
    backend
  ]?.(entry, deps());
  kept.settle();
  return handle;
}

describe("keptBackends", () => {
  it("hands on a handle whose settings stay, whatever becomes of the entry's instants", async () => {
    const first = await open("aws_kms", { key: KEY, published_at: "2026-11-01T00:00:00Z" });
    const again = await open("aws_kms", { key: KEY, removed_at: "2027-11-01T00:00:00Z" });
    expect(again).toBe(first);
    expect(await open("aws_kms", { key: `${KEY}2` })).not.toBe(first);
  });

  it("opens anew where a file that the settings name holds something else, or is gone", async () => {
    const entry = { private_key: "file:own.key" };
    const first = await open("local", entry);
    expect(await open("local", entry)).toBe(first);
    files["file:own.key"] = "two";
    expect(await open("local", entry)).not.toBe(first);
    delete files["file:own.key"];
    await open("local", entry);
    expect(opened).toHaveLength(3);
  });

  it("opens anew where a certificate that everybody may read is another", async () => {
    const entry = { ca: "file:ca.pem", private_key: "file:own.key" };
    const first = await open("ca_files", entry);
    expect(await open("ca_files", entry)).toBe(first);
    files["file:ca.pem"] = "renewed";
    expect(await open("ca_files", entry)).not.toBe(first);
  });

  it("keeps nothing of what could not be opened", async () => {
    expect(await open("aws_kms", { key: KEY }, false)).toBeUndefined();
    expect(await open("aws_kms", { key: KEY })).toBeDefined();
  });
});

describe("keptModes", () => {
  const handle: KeyHandle = {};
  const key = {
    id: "jwt",
    use: "jwt",
    kid: "kid",
    chosen: { algorithm: "RS256" },
    settings: { mode: "wrapped", wrapped_key: "file:jwt.wrapped" },
    handle,
  } as ModeKey;
  const life = (x509: number) =>
    ({ ...deps(), longestLife: { x509, jwt: 300, wit: 300 } }) as unknown as ModeDeps;
  const unwrap = async (one: ModeKey, by: ModeDeps): Promise<unknown> => {
    const wrapped = async () => ({ signer: {} as NonNullable<ModeKey["signer"]> });
    kept = new Kept(kept);
    const made = await keptModes({ wrapped, delegated: wrapped }, kept.keep)[one.settings.mode]?.(
      one,
      by,
    );
    kept.settle();
    return made;
  };

  it("hands on what was made of the same handle under the same settings", async () => {
    const first = await unwrap(key, life(3600));
    expect(await unwrap(key, life(7200))).toBe(first);
    expect(await unwrap({ ...key, handle: {} }, life(3600))).not.toBe(first);
  });

  it("makes anew what another key, another mode or other lives of intermediates need", async () => {
    const root = { ...key, use: "x509", settings: { mode: "delegated" } } as ModeKey;
    const first = await unwrap(root, life(3600));
    expect(await unwrap(root, life(3600))).toBe(first);
    expect(await unwrap(root, life(7200))).not.toBe(first);
    const second = await unwrap(key, life(3600));
    expect(await unwrap({ ...key, kid: "other" }, life(3600))).not.toBe(second);
    const chosen = { algorithm: "PS256" } as ModeKey["chosen"];
    expect(await unwrap({ ...key, chosen }, life(3600))).not.toBe(second);
  });

  it("reads a wrapped key anew where its file holds another envelope of the same key", async () => {
    const first = await unwrap(key, life(3600));
    files["file:jwt.wrapped"] = "wrapped again, since the service no longer opens the other";
    const second = await unwrap(key, life(3600));
    expect(second).not.toBe(first);
    expect(await unwrap(key, life(3600))).toBe(second);
  });
});
