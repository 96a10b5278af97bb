import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { unwrapperConformance } from "../../conformance/unwrapper.ts";
import { refused, type FakeVault } from "../../fakes/vault.ts";
import { refusalOf, vaultBench } from "./vault-bench.ts";

const CONTEXT = "prod.example.org/jwt/Zm9v";
const DATA_KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

async function bench() {
  const { vault, handle } = await vaultBench();
  const unwrapper = (await handle())?.unwrapper?.("jwt");
  if (unwrapper === undefined) throw new Error("no unwrapper");
  const wrapped = await vault.wrap(DATA_KEY, CONTEXT);
  return {
    vault,
    wrapped,
    unwrap: (text: string) => unwrapper.unwrap(utf8Encode(text), CONTEXT),
  };
}

unwrapperConformance<FakeVault["fault"]>(
  "vault_transit",
  true,
  {
    denied: () => refused(403),
    throttled: () => refused(429),
    unavailable: () => refused(503),
    malformed: () => Response.json({ data: { plaintext: 7 } }),
  },
  async () => {
    const { vault, handle } = await vaultBench();
    const opened = await handle();
    if (opened === undefined) throw new Error("not opened");
    return {
      handle: opened,
      wrap: async (dataKey, context) => utf8Encode(await vault.wrap(dataKey, context)),
      calls: () => vault.asked.length,
      become: (fault = () => undefined) => void (vault.fault = fault),
    };
  },
);

describe("a data key that Vault encrypted", () => {
  it("is decrypted for what it was encrypted for, by one request", async () => {
    const { vault, wrapped, unwrap } = await bench();
    expect(vault.asked).toEqual([]);
    expect(await unwrap(wrapped)).toEqual(DATA_KEY);
    expect(vault.asked).toMatchObject([
      {
        path: "transit/decrypt/one",
        body: { ciphertext: wrapped, associated_data: btoa(CONTEXT) },
      },
    ]);
  });

  it("is not of nothing: denied by Vault", async () => {
    const { vault, unwrap } = await bench();
    expect(await refusalOf(() => unwrap("vault:v1:AAAA"))).toMatchObject({ code: "denied" });
    expect(vault.asked).toHaveLength(1);
  });

  it.each([
    ["nothing", ""],
    ["no version", "AAAA"],
    ["version 0", "vault:v0:AAAA"],
    ["no base64", "vault:v1:%%%"],
    ["base64url", "vault:v1:AA_-"],
    ["a line behind it", "vault:v1:AAAA\n"],
    ["bytes that are no text", "\u{d800}"],
  ])("is none where there is %s: Vault is not asked", async (_, text) => {
    const { vault, unwrap } = await bench();
    expect(await refusalOf(() => unwrap(text))).toMatchObject({ code: "denied" });
    expect(vault.asked).toEqual([]);
  });

  it.each<[string, object]>([
    ["no plaintext", {}],
    ["an empty one", { plaintext: "" }],
    ["what is no base64", { plaintext: "%%%" }],
    ["a number", { plaintext: 7 }],
  ])("is unsound where Vault answers with %s", async (_, data) => {
    const { vault, wrapped, unwrap } = await bench();
    vault.fault = () => Response.json({ data });
    expect(await refusalOf(() => unwrap(wrapped))).toMatchObject({ code: "unsound" });
    expect(vault.asked).toHaveLength(1);
  });
});
