import { describe, expect, it, vi } from "vitest";
import { decodeBase64, encodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { SignerError, type Signer } from "../../../src/signer/signer.ts";
import { openWrapped } from "../../../src/signer/wrapped.ts";
import { modeKey } from "./mode-bench.ts";
import { inPlace, wrappedWorld } from "./wrapped-bench.ts";

const DATA = utf8Encode("bytes that we encoded");
const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;

type World = Awaited<ReturnType<typeof wrappedWorld>>;

async function faultOf(signer: Signer | undefined): Promise<SignerError> {
  const error: unknown = await (async () => signer?.sign(DATA))().catch((e: unknown) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe("a wrapped key", () => {
  it("asks for its data key once: at the first signature, however many come at once", async () => {
    const { bench, service, key, own, open } = await wrappedWorld();
    const signer = await open(own);
    expect(service.asked).toEqual([]);
    const signatures = await Promise.all(
      Array.from({ length: 100 }, async () => signer?.sign(DATA)),
    );
    bench.now += 30 * 86_400;
    signatures.push(await signer?.sign(DATA));
    expect(service.asked).toEqual([
      expect.stringMatching(/^svidmint-wrapped-key:1:prod\.example\.org:jwt:[\w-]{43}$/),
    ]);
    for (const signature of signatures) {
      const good = bench.platform.verify(ES256, key.publicKey, signature ?? DATA, DATA);
      expect(await good).toBe(true); // oxlint-disable-line no-await-in-loop -- one after the other
    }
  });

  it("is not there while the service is not, and is as soon as it is", async () => {
    const { bench, service, own, open } = await wrappedWorld();
    const signer = await open(own);
    service.fault = () => Promise.reject(new SignerError("unavailable", "down"));
    const faults = await Promise.all(Array.from({ length: 100 }, () => faultOf(signer)));
    expect(new Set(faults.map(({ message }) => message))).toEqual(new Set(["down"]));
    expect(service.asked).toHaveLength(1);
    service.fault = (plain) => plain;
    bench.now += 1;
    expect((await signer?.sign(DATA))?.length).toBe(64);
  });

  it("is held up by no request that was cut off (Workers)", async () => {
    const { bench, service, own, open } = await wrappedWorld();
    const signer = await open(own);
    vi.useFakeTimers();
    try {
      service.fault = () => new Promise(() => {});
      void (async () => signer?.sign(DATA))();
      const waiting = faultOf(signer);
      await vi.advanceTimersByTimeAsync(5000);
      expect(await waiting).toMatchObject({ code: "timeout" });
    } finally {
      vi.useRealTimers();
    }
    service.fault = (plain) => plain;
    bench.now += 10;
    expect((await signer?.sign(DATA))?.length).toBe(64);
  });

  it("takes the file of its region", async () => {
    const { bench, service, key, own } = await wrappedWorld();
    const files = { "eu-central-1": inPlace(own), "us-east-1": "data:;base64,AA==" };
    const settings = { mode: "wrapped", wrapped_key: files } as const;
    const entry = await modeKey(bench, "jwt", key, settings, service.handle);
    const at = (region: string | undefined) =>
      openWrapped(entry, {
        ...bench.deps,
        env: (name) => (name === "AWS_REGION" ? region : undefined),
      });
    expect((await at("eu-central-1")).signer).toBeDefined();
    expect(bench.complaints).toEqual([]);
    expect((await at("eu-west-1")).signer).toBeUndefined();
    expect(bench.complaints).toEqual(["wrapped_key: names no key for region eu-west-1"]);
  });

  it("is checked in every region where private keys are not looked at", async () => {
    const { bench, key, own } = await wrappedWorld();
    const files = { "eu-central-1": inPlace(own), "us-east-1": inPlace("{}") };
    const settings = { mode: "wrapped", wrapped_key: files } as const;
    await openWrapped(await modeKey(bench, "jwt", key, settings, undefined), bench.deps);
    expect(bench.complaints).toEqual([expect.stringContaining("svidmint_wrapped_key is not 1")]);
  });
});

describe("an envelope that does not start", () => {
  it.each<[string, string, (world: World) => string | Promise<string>]>([
    ["nothing", "not JSON", () => ""],
    ["a key in PEM", "not JSON", () => "-----BEGIN PRIVATE KEY-----"],
    ["a list", "not JSON", () => "[]"],
    ["a file cut short", "not JSON", ({ own }) => own.slice(0, -20)],
    ["a member twice", "not JSON", ({ own }) => own.replace('"use"', '"use": "wit", "use"')],
    ["a byte order mark", "not JSON", ({ own }) => `\u{feff}${own}`],
    [
      "another version",
      "is not 1",
      ({ changed }) => changed((m) => ({ ...m, svidmint_wrapped_key: 2 })),
    ],
    ["a member more", "its members", ({ changed }) => changed((m) => ({ ...m, note: "" }))],
    ["a member less", "its members", ({ own }) => own.replace(/"iv": "[^"]+",/, "")],
    ["17 KiB", "larger than 16 KiB", ({ own }) => own + " ".repeat(17 * 1024)],
    [
      "an iv of 16 octets",
      "iv is not",
      ({ changed }) => changed((m) => ({ ...m, iv: btoa("0123456789abcdef") })),
    ],
    ["no data key", "data_key", ({ changed }) => changed((m) => ({ ...m, data_key: "" }))],
    ["base64url", "data_key", ({ changed }) => changed((m) => ({ ...m, data_key: "_-_-" }))],
    ["a number", "data_key", ({ changed }) => changed((m) => ({ ...m, data_key: 7 }))],
    [
      "no more than a tag",
      "cut short",
      ({ changed }) => changed((m) => ({ ...m, ciphertext: btoa("0123456789abcdef") })),
    ],
    [
      "a use that has none",
      "neither jwt nor wit",
      ({ changed }) => changed((m) => ({ ...m, use: "x509" })),
    ],
    [
      "another use's key",
      "a wit key, and this is a jwt key",
      ({ wrap, key }) => wrap(key, { use: "wit" }),
    ],
    [
      "another domain's key",
      "another trust domain",
      ({ wrap, key }) => wrap(key, { trustDomain: "other.example" }),
    ],
    [
      "another key",
      "another key than that of public_key",
      async ({ wrap, bench }) => wrap(await bench.platform.generateKey("P-256")),
    ],
  ])("%s", async (_, message, file) => {
    const world = await wrappedWorld();
    const text = await file(world);
    for (const handle of ["none", undefined] as const) {
      world.bench.complaints.length = 0;
      expect(await world.open(text, handle)).toBeUndefined(); // oxlint-disable-line no-await-in-loop -- two
      expect(world.bench.complaints).toEqual([expect.stringContaining(message)]);
      expect(world.bench.complaints[0]).toMatch(/^wrapped_key: /);
    }
    expect(world.service.asked).toEqual([]);
  });

  it("and none that cannot be read", async () => {
    const { bench, service, key } = await wrappedWorld();
    const settings = { mode: "wrapped", wrapped_key: "file:gone" } as const;
    await openWrapped(await modeKey(bench, "jwt", key, settings, service.handle), bench.deps);
    expect(bench.complaints).toEqual([
      expect.stringContaining("wrapped_key: this runtime has no files"),
    ]);
  });

  it("and no backend that unwraps nothing", async () => {
    const { bench, own, open } = await wrappedWorld();
    expect(await open(own, {})).toBeUndefined();
    expect(bench.complaints).toEqual(["mode: the backend unwraps no keys"]);
  });
});

const flipped = (text: unknown, at: number): string => {
  const bytes = decoded(text);
  return encodeBase64(bytes.with(at, (bytes.at(at) ?? 0) ^ 1));
};

describe("an envelope that does not open", () => {
  it.each<[string, string, (world: World) => string | Promise<string>]>([
    [
      "a flipped bit",
      "does not open",
      ({ changed }) => changed((m) => ({ ...m, ciphertext: flipped(m["ciphertext"], 0) })),
    ],
    [
      "a flipped bit of its tag",
      "does not open",
      ({ changed }) => changed((m) => ({ ...m, ciphertext: flipped(m["ciphertext"], -1) })),
    ],
    [
      "another iv",
      "does not open",
      ({ changed }) => changed((m) => ({ ...m, iv: flipped(m["iv"], 0) })),
    ],
    [
      "a ciphertext cut short",
      "does not open",
      ({ changed }) =>
        changed((m) => ({
          ...m,
          ciphertext: encodeBase64(decoded(m["ciphertext"]).subarray(0, -1)),
        })),
    ],
    [
      "the envelope of another key under our names",
      "does not open",
      async ({ own, wrap, bench }) =>
        renamed(await wrap(await bench.platform.generateKey("P-256")), own, ["kid"]),
    ],
    [
      "the envelope of another use under our names",
      "does not open",
      async ({ own, wrap, key }) => renamed(await wrap(key, { use: "wit" }), own, ["use"]),
    ],
    [
      "the envelope of another domain under our names",
      "does not open",
      async ({ own, wrap, key }) =>
        renamed(await wrap(key, { trustDomain: "other.example" }), own, ["trust_domain"]),
    ],
  ])("%s: unsound, not asked again at once, nothing signed", async (_, message, file) => {
    const world = await wrappedWorld();
    // The worst case: a service that cannot bind the context opens every data key of its own.
    world.service.binds = false;
    const signer = await world.open(await file(world));
    expect(await faultOf(signer)).toMatchObject({
      code: "unsound",
      retryable: false,
      message: expect.stringContaining(message),
    });
    world.bench.now += 29;
    await faultOf(signer);
    expect(world.service.asked).toHaveLength(1);
  });

  it("where the service binds its context, the data key of another is not even told", async () => {
    const { own, wrap, open, bench } = await wrappedWorld();
    const file = renamed(await wrap(await bench.platform.generateKey("P-256")), own, ["kid"]);
    expect(await faultOf(await open(file))).toMatchObject({ code: "denied" });
  });

  it.each<[string, string, (plain: Uint8Array) => Uint8Array]>([
    ["16 octets", "not one of 32 octets", (plain) => plain.subarray(0, 16)],
    ["33 octets", "not one of 32 octets", (plain) => new Uint8Array([...plain, 0])],
    ["nothing", "not one of 32 octets", () => new Uint8Array(0)],
    ["another key", "does not open", (plain) => plain.with(0, (plain[0] ?? 0) ^ 1)],
  ])("a service that answers with %s for the data key", async (_, message, fault) => {
    const { service, own, open } = await wrappedWorld();
    service.fault = fault;
    expect(await faultOf(await open(own))).toMatchObject({
      code: "unsound",
      message: expect.stringContaining(message),
    });
  });

  it("what opens, and is not the key of public_key, signs nothing", async () => {
    const { service, key, bench, wrap, open } = await wrappedWorld();
    service.binds = false;
    // By whoever may encrypt for the service: names and all, but another key in it.
    const other = await bench.platform.generateKey("P-256");
    const forged = { ...other, publicKey: key.publicKey };
    const file = await wrap(forged);
    expect(await faultOf(await open(file))).toMatchObject({
      code: "unsound",
      message: "wrapped key key: what is in it is another key than that of public_key",
    });
  });
});

function decoded(text: unknown): Uint8Array {
  const bytes = decodeBase64(String(text));
  if (!bytes.ok) throw new Error("base64");
  return bytes.value;
}

/** `file` with members of `own` in place of its own. */
function renamed(file: string, own: string, members: readonly string[]): string {
  const [theirs, ours] = [JSON.parse(file), JSON.parse(own)];
  return JSON.stringify({ ...theirs, ...Object.fromEntries(members.map((m) => [m, ours[m]])) });
}

it("leaves no private key where its world is printed", async () => {
  const { own, open } = await wrappedWorld();
  const signer = await open(own);
  await signer?.sign(DATA);
  expect(JSON.stringify(signer)).not.toMatch(/"(?:d|p|q|ciphertext|pkcs8)"/);
});
