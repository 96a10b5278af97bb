import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { failing } from "../../conformance/signer-service.ts";
import { base64 } from "../../fakes/keys.ts";
import { keyUrl, refused, VAULT_VARIABLES } from "../../fakes/vault.ts";
import { crypto, refusalOf, vaultBench } from "./vault-bench.ts";

const DATA = utf8Encode("bytes that we encoded");
const LONG = new Uint8Array(5000).fill(7);

async function service() {
  const { vault, open } = await vaultBench();
  return failing(await open(), vault);
}

for (const [kind, wanted] of [
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["RSA-2048", "RS256"],
  ["RSA-2048", "RS512"],
  ["RSA-2048", "PS256"],
  ["RSA-2048", "PS384"],
  ["Ed25519", "EdDSA"],
] as const) {
  const made = vaultBench(kind, wanted).then(async ({ vault, open }) => {
    vault.expect(LONG);
    return open();
  });
  signerConformance(
    `vault_transit ${wanted}`,
    crypto,
    () => made,
    wanted === "ES256" ? service : undefined,
  );
}

describe("what Vault is asked", () => {
  it("is nothing when a key is opened, then one signature by its version", async () => {
    const { vault, open } = await vaultBench();
    const signer = await open();
    expect(vault.asked).toEqual([]);
    await signer.sign(DATA);
    const body = {
      input: base64(DATA),
      key_version: 1,
      marshaling_algorithm: "jws",
      hash_algorithm: "sha2-256",
      prehashed: false,
    };
    const token = VAULT_VARIABLES["VAULT_TOKEN"];
    expect(vault.asked).toEqual([{ path: "transit/sign/one", token, namespace: null, body }]);
    expect(vault.logins).toEqual([]);
  });

  it("is a digest above 4096 bytes", async () => {
    const { vault, open } = await vaultBench();
    const signer = await open();
    const [most, more] = [new Uint8Array(4096), new Uint8Array(4097)];
    vault.expect(more);
    await signer.sign(most);
    await signer.sign(more);
    const input = base64(await crypto.digest("SHA-256", more));
    expect(vault.asked.map(({ body }) => body["prehashed"])).toEqual([false, true]);
    expect(vault.asked[1]?.body).toMatchObject({ input });
  });

  it("is within the namespace, where there is one", async () => {
    const { vault, open } = await vaultBench();
    await (await open({ namespace: "team-a" })).sign(DATA);
    expect(vault.asked).toMatchObject([{ namespace: "team-a" }]);
  });

  it("is the version that is pinned, and no signature leaves that is another's", async () => {
    const { vault, open } = await vaultBench();
    const second = verified(await open({ version: 2 }), crypto);
    // The public half that is configured is the first one's.
    expect(await refusalOf(() => second.sign(DATA))).toMatchObject({ code: "unsound" });
    expect(vault.asked).toMatchObject([{ body: { key_version: 2 } }]);
  });
});

const changed = (change: (signature: string) => unknown) => (answer: object) => {
  const { signature } = answer as { signature: string };
  return Response.json({ data: { ...answer, signature: change(signature) } });
};

describe("a signature that is none (F6)", () => {
  it.each<[string, (answer: object) => Response]>([
    ["another version's name", changed((s) => s.replace("v1", "v2"))],
    ["a version with a zero in front", changed((s) => s.replace("v1", "v01"))],
    ["no version", changed((s) => s.slice("vault:v1:".length))],
    ["no signature", changed(() => undefined)],
    ["nothing after the version", changed(() => "vault:v1:")],
    ["a number", changed(() => 7)],
    ["the alphabet of DER", changed((s) => `${s.slice(0, -1)}+`)],
    ["padding", changed((s) => `${s}=`)],
    ["a signature cut short", changed((s) => s.slice(0, -4))],
    ["four more characters", changed((s) => `${s}AAAA`)],
    ["another signature behind", changed((s) => `${s}\n${s}`)],
    ["zeros", changed(() => `vault:v1:${"A".repeat(86)}`)],
    [
      "a flipped bit",
      changed((s) => s.replace(/(.)(.{5})$/, (_, c, end) => (c === "A" ? "B" : "A") + end)),
    ],
  ])("%s: unsound, not asked again", async (_, fault) => {
    const { vault, open } = await vaultBench();
    const signer = verified(await open(), crypto);
    vault.fault = fault;
    const error = await refusalOf(() => signer.sign(DATA));
    expect(error).toMatchObject({ code: "unsound", retryable: false });
    expect(vault.asked).toHaveLength(1);
  });
});

describe("a Vault that does not sign (F2 to F5, F7)", () => {
  it.each<[string, string, number, () => Response | Promise<Response>]>([
    ["400, as of a key that is deleted", "denied", 1, () => refused(400)],
    ["404, as of an engine that is not there", "denied", 1, () => refused(404)],
    ["405", "denied", 1, () => refused(405)],
    ["a standby's redirect", "denied", 1, () => Response.redirect("https://other.example/", 307)],
    ["200 that is no JSON", "denied", 1, () => new Response("<html>hunter2")],
    ["200 without data", "denied", 1, () => Response.json({ auth: {} })],
    ["204", "denied", 1, () => new Response(null, { status: 204 })],
    ["more than any answer", "denied", 1, () => new Response(new Uint8Array(1024 * 1024))],
    ["429 of a quota", "throttled", 2, () => refused(429)],
    ["412, behind its peers", "unavailable", 2, () => refused(412)],
    ["472, a standby of disaster recovery", "unavailable", 2, () => refused(472)],
    ["473, a standby for reads", "unavailable", 2, () => refused(473)],
    ["500", "unavailable", 2, () => refused(500)],
    ["501, not initialised", "unavailable", 2, () => refused(501)],
    ["503, sealed", "unavailable", 2, () => refused(503)],
    ["a lost connection", "unavailable", 2, () => Promise.reject(new TypeError("fetch failed"))],
  ])("%s: %s after %i call(s), and nothing of what it said", async (_, code, calls, fault) => {
    const { vault, open } = await vaultBench();
    const signer = verified(await open(), crypto);
    vault.fault = fault;
    const error = await refusalOf(() => signer.sign(DATA));
    expect(error).toMatchObject({ code, retryable: code !== "denied" });
    expect(vault.asked).toHaveLength(calls);
    expect(error.message).not.toMatch(/hunter2|hvs|html|permission/);
  });

  it("signs after one that failed", async () => {
    const { vault, open } = await vaultBench();
    let first = true;
    vault.fault = () => {
      if (!first) return undefined;
      first = false;
      return refused(503);
    };
    await verified(await open(), crypto).sign(DATA);
    expect(vault.asked).toHaveLength(2);
  });
});

describe("a key as it is opened", () => {
  const keys = {
    "eu-central-1": keyUrl("one"),
    "us-east-1": "https://other.example/v1/t/keys/one",
  };

  it("is the replica of this region", async () => {
    const { vault, open } = await vaultBench();
    const variables = new Map([
      ...Object.entries(VAULT_VARIABLES),
      ["SVIDMINT_REGION", "eu-central-1"],
    ]);
    await (await open({ key: keys }, { env: (name) => variables.get(name) })).sign(DATA);
    expect(vault.asked).toHaveLength(1);
  });

  it("is none where no region is known, or there is no token", async () => {
    const { handle, complaints } = await vaultBench();
    expect(await handle({ key: keys })).toBeUndefined();
    expect(await handle({}, { env: () => undefined })).toBeUndefined();
    expect(complaints).toEqual([
      expect.stringContaining("key: names no key for region"),
      expect.stringContaining("login: the variable VAULT_TOKEN"),
    ]);
  });
});
