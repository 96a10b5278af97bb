import { describe, expect, it } from "vitest";
import { toHex, utf8Encode } from "../../../src/encoding/bytes.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { failing } from "../../conformance/signer-service.ts";
import { unwrapperConformance } from "../../conformance/unwrapper.ts";
import { base64url, failure, type FakeKeyVault } from "../../fakes/azure-key-vault.ts";
import { bench, crypto, faultOf } from "./azure-key-vault-support.ts";

const DATA = utf8Encode("bytes that we encoded");

async function service() {
  const { vault, signer } = await bench();
  return failing(signer, vault);
}

for (const [kind, wanted] of [
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["RSA-2048", "RS256"],
  ["RSA-2048", "PS256"],
  ["RSA-2048", "PS384"],
] as const) {
  const made = bench(kind, wanted);
  signerConformance(
    `azure_key_vault ${wanted}`,
    crypto,
    async () => (await made).signer,
    wanted === "ES256" ? service : undefined,
  );
}

describe("what Azure Key Vault is asked", () => {
  it("is nothing when a key is opened, then one signature of a digest by the very version", async () => {
    const { vault, kid, signer, reached } = await bench();
    expect(reached).toEqual([]);
    await signer.sign(DATA);
    expect(reached.slice(1)).toEqual([`${kid}/sign?api-version=7.4`]);
    expect(vault.asked).toEqual([{ operation: "sign", kid, alg: "ES256" }]);
    const digest = toHex(await crypto.digest("SHA-256", DATA));
    expect(vault.ledger).toEqual([{ kid, alg: "ES256", digest }]);
  });

  it("has no Ed25519", async () => {
    const { open, kid } = await bench();
    const key = await crypto.generateKey("Ed25519");
    const chosen = { algorithm: "EdDSA", scheme: { name: "Ed25519" } } as const;
    const handle = await open({ key: kid });
    expect(handle?.signer?.("root", chosen, key.publicKey)).toBeUndefined();
  });
});

describe("whom tokens are for", () => {
  it.each([
    ["https://svidmint.vault.azure.net", "https://vault.azure.net"],
    ["https://svidmint.vault.azure.cn", "https://vault.azure.cn"],
    ["https://svidmint.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"],
    ["https://svidmint.managedhsm.azure.net", "https://managedhsm.azure.net"],
  ])("is decided by the name of the vault: %s", async (origin, resource) => {
    const { signer, reached } = await bench("P-256", "ES256", origin, resource);
    await verified(signer, crypto).sign(DATA);
    expect(new URL(reached[0] ?? "").searchParams.get("resource")).toBe(resource);
  });

  it("is not decided by the challenge of whoever answers", async () => {
    const { vault, signer, reached } = await bench(
      "P-256",
      "ES256",
      undefined,
      "https://graph.example",
    );
    expect(await faultOf(() => signer.sign(DATA))).toMatchObject({
      code: "denied",
      message: expect.stringContaining("401 Unauthorized"),
    });
    expect(reached.filter((url) => url.includes("graph.example"))).toEqual([]);
    expect(vault.ledger).toEqual([]);
  });

  it.each([
    "https://svidmint.vault.azure.net.evil.example/keys/one/1",
    "https://vault.azure.net/keys/one/1",
    "https://evil.example/keys/one/1",
    "https://a.b.vault.azure.net/keys/one/1",
  ])("is nobody outside of Azure: %s", async (key) => {
    const { open, complaints } = await bench();
    expect(await open({ key })).toBeUndefined();
    expect(complaints).toEqual(["key: is in no vault of Azure"]);
  });

  it("is one identity of several, where the entry names it", async () => {
    const { open, kid, reached, chosen, key } = await bench();
    const handle = await open({ key: kid, client_id: "c-1" });
    await handle?.signer?.("root", chosen, key.publicKey)?.sign(DATA);
    expect(new URL(reached[0] ?? "").searchParams.get("client_id")).toBe("c-1");
  });
});

describe("another address", () => {
  const variable = "SVIDMINT_AZURE_KEY_VAULT_ENDPOINT";

  it.each(["http://127.0.0.1:41356", "http://127.0.0.1:41356/"])(
    "is a simulation on this machine, which answers for the vault: %s",
    async (url) => {
      const { open, kid, reached, chosen, key } = await bench();
      const handle = await open({ key: kid }, { [variable]: url });
      const signer = handle?.signer?.("root", chosen, key.publicKey);
      await signer?.sign(DATA);
      expect(reached.at(-1)).toMatch(/^http:\/\/127\.0\.0\.1:41356\/keys\/one\/0{31}1\/sign\?/);
    },
  );

  it.each([
    "http://10.0.0.1",
    "https://127.0.0.1:1",
    "https://svidmint.privatelink.vaultcore.azure.net",
    "http://127.0.0.1:1/path",
    "http://u@127.0.0.1:1",
    "http://127.0.0.1.evil.example",
    "nothing",
  ])("is nothing else: %s", async (url) => {
    const { open, kid, complaints } = await bench();
    expect(await open({ key: kid }, { [variable]: url })).toBeUndefined();
    expect(complaints).toEqual([`key: the variable ${variable} is no http URL of a loopback host`]);
  });
});

describe("replicas of a key", () => {
  it.each<[string, Record<string, string>]>([
    ["what App Service calls it", { REGION_NAME: "West Europe" }],
    ["SVIDMINT_REGION before it", { REGION_NAME: "North Europe", SVIDMINT_REGION: "westeurope" }],
  ])("are told apart by region: %s", async (_, variables) => {
    const { open, kid, vault, chosen, key } = await bench();
    const other = "https://other.vault.azure.net/keys/one/00000000000000000000000000000001";
    const handle = await open({ key: { westeurope: kid, northeurope: other } }, variables);
    await handle?.signer?.("root", chosen, key.publicKey)?.sign(DATA);
    expect(vault.ledger).toMatchObject([{ kid }]);
  });

  it("are none where no region is known", async () => {
    const { open, kid, complaints } = await bench();
    expect(await open({ key: { westeurope: kid } })).toBeUndefined();
    expect(complaints).toEqual([expect.stringContaining("names no key for region")]);
  });
});

type Fault = FakeKeyVault["fault"];

/** By the public half, as an operator wraps. */
async function wrapFor({ publicKey: { info } }: PrivateKey, data: Uint8Array): Promise<Uint8Array> {
  if (info.type !== "RSA") throw new Error("no RSA key");
  const jwk = { kty: "RSA", n: base64url(info.n), e: base64url(info.e) };
  const { subtle } = globalThis.crypto;
  const oaep = { name: "RSA-OAEP", hash: "SHA-256" };
  const key = await subtle.importKey("jwk", jwk, oaep, false, ["encrypt"]);
  return new Uint8Array(await subtle.encrypt({ name: "RSA-OAEP" }, key, new Uint8Array(data)));
}

unwrapperConformance<Fault>(
  "azure_key_vault",
  false,
  {
    denied: () => failure(403, "Forbidden", "ForbiddenByRbac"),
    throttled: () => failure(429, "Throttled"),
    unavailable: () => failure(500, "InternalServerError"),
    malformed: (answer) => Response.json({ ...answer, value: "" }),
    foreign: (answer) => Response.json({ ...answer, kid: answer.kid.replace(/1$/, "2") }),
  },
  async () => {
    const { vault, kid, key, open } = await bench("RSA-2048");
    const handle = await open({ key: kid });
    if (handle === undefined) throw new Error("not opened");
    return {
      handle,
      wrap: (dataKey) => wrapFor(key, dataKey),
      calls: () => vault.asked.length,
      become: (fault = () => undefined) => void (vault.fault = fault),
    };
  },
);

it("a data key is unwrapped by the very version, with RSA-OAEP-256", async () => {
  const { unwrapper, vault, key, kid } = await bench("RSA-2048");
  expect(await unwrapper.unwrap(await wrapFor(key, DATA), "context")).toEqual(DATA);
  expect(vault.asked).toEqual([{ operation: "unwrapkey", kid, alg: "RSA-OAEP-256" }]);
  expect(vault.ledger).toEqual([]);
});
