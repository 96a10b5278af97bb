import { describe, expect, it } from "vitest";
import { azureKeyVaultAdmin } from "../../../src/cli/key-services/azure-key-vault.ts";
import { gcpKmsAdmin } from "../../../src/cli/key-services/gcp-kms.ts";
import type { AdminDeps, KeyAdmin, KeyRequest } from "../../../src/cli/key-services/key-admin.ts";
import { vaultTransitAdmin } from "../../../src/cli/key-services/vault-transit.ts";
import { toHex } from "../../../src/encoding/bytes.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openAzureKeyVault } from "../../../src/signer/azure-key-vault.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import { openGcpKms } from "../../../src/signer/gcp-kms.ts";
import { FakeKeyVault } from "../../fakes/azure-key-vault.ts";
import { IDENTITY_VARIABLES } from "../../fakes/azure-tokens.ts";
import { FakeGcpKms, RING } from "../../fakes/gcp-kms.ts";

const crypto = webCryptoPlatform();
const CONTEXT = "svidmint-wrapped-key:1:prod.example.org:jwt:abc";
const nothing = () => Promise.reject(new Error("reads nothing"));
const REQUEST: KeyRequest = {
  id: "jwt-8",
  use: "jwt",
  mode: "direct",
  type: "p256",
  trustDomain: "prod.example.org",
};

interface Sent {
  readonly method: string | undefined;
  readonly url: string;
  readonly body: unknown;
}

function depsWith(
  fetch: AdminDeps["platform"]["fetch"],
  env: Readonly<Record<string, string>> = {},
): BackendDeps {
  return {
    platform: webCryptoPlatform({ fetch }),
    env: (name) => env[name],
    read: nothing,
    readPrivate: nothing,
    complain: (field, message) => expect.fail(`${field}: ${message}`),
  };
}

/** Answers one after the other, and what was sent for each. */
function scripted(answers: readonly (readonly [status: number, body: unknown])[]) {
  const sent: Sent[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (url.includes("metadata.google.internal"))
      return Response.json({ access_token: "ya29.operator", expires_in: 3600 });
    if (url.startsWith(IDENTITY_VARIABLES["IDENTITY_ENDPOINT"] ?? "-"))
      return Response.json({ access_token: "eyJh.b.c", expires_on: "9999999999" });
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const [status, answer] = answers[sent.length] ?? [500, {}];
    sent.push({ method: init.method, url, body });
    return Response.json(answer, { status });
  };
  return { fetch, sent };
}

async function azure() {
  const vault = new FakeKeyVault(crypto);
  const deps = depsWith(vault.fetch, IDENTITY_VARIABLES);
  return { vault, deps, admin: azureKeyVaultAdmin(deps) };
}

function google() {
  const kms = new FakeGcpKms(crypto);
  const deps = depsWith((url, init) =>
    url.includes("metadata.google.internal")
      ? Promise.resolve(Response.json({ access_token: "ya29.operator", expires_in: 3600 }))
      : kms.fetch(url, init),
  );
  return { kms, deps, admin: gcpKmsAdmin(deps) };
}

describe("a key's public half", () => {
  it("shows an operator's token to no simulation beyond this machine", async () => {
    const asked: string[] = [];
    const fetch = async (url: string) => Response.json({ asked: asked.push(url) });
    const deps = depsWith(fetch, {
      ...IDENTITY_VARIABLES,
      SVIDMINT_AZURE_KEY_VAULT_ENDPOINT: "https://vault.evil.example",
    });
    const key = `https://acme.vault.azure.net/keys/one/${"0".repeat(32)}`;
    await expect(azureKeyVaultAdmin(deps).publicKey({ key })).rejects.toThrow(/loopback host/);
    expect(asked).toEqual([]);
  });

  it.for(["P-256", "P-384", "RSA-2048"] as const)("of Key Vault, %s", async (kind) => {
    const { vault, admin } = await azure();
    const key = await crypto.generateKey(kind);
    const kid = await vault.add("one", key);
    expect(toHex(await admin.publicKey({ key: kid }))).toBe(toHex(key.publicKey.spki));
  });

  it("of Google Cloud KMS", async () => {
    const { kms, admin } = google();
    const key = await crypto.generateKey("P-256");
    const version = kms.add("one", key, "EC_SIGN_P256_SHA256");
    expect(toHex(await admin.publicKey({ key: version }))).toBe(toHex(key.publicKey.spki));
  });

  it("is no other version's, and none that is garbled", async () => {
    const pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    const key = `${RING}/cryptoKeys/one/cryptoKeyVersions/1`;
    for (const answer of [
      { name: `${key}2`, pem },
      { name: key, pem, pemCrc32c: "1" },
      { name: key },
    ]) {
      const admin = gcpKmsAdmin(depsWith(scripted([[200, answer]]).fetch));
      await expect(admin.publicKey({ key })).rejects.toThrow("something else"); // oxlint-disable-line no-await-in-loop -- three
    }
  });
});

describe("a data key", () => {
  it("of Key Vault opens for the issuer", async () => {
    const { vault, admin, deps } = await azure();
    const key = await vault.add("wrap", await crypto.generateKey("RSA-2048"));
    const made = await admin.dataKey?.({ key }, CONTEXT);
    const unwrapper = (await openAzureKeyVault({ key }, deps))?.unwrapper?.("jwt-8");
    expect(made?.plain).toHaveLength(32);
    expect(await unwrapper?.unwrap(made?.wrapped ?? new Uint8Array(), CONTEXT)).toEqual(
      made?.plain,
    );
  });

  it("of Google Cloud KMS opens for the issuer in its context, and in no other", async () => {
    const { kms, admin, deps } = google();
    const key = await kms.dataKeys.add(`${RING}/cryptoKeys/wrap`);
    const made = await admin.dataKey?.({ key }, CONTEXT);
    const unwrapper = (await openGcpKms({ key }, deps))?.unwrapper?.("jwt-8");
    const wrapped = made?.wrapped ?? new Uint8Array();
    expect(await unwrapper?.unwrap(wrapped, CONTEXT)).toEqual(made?.plain);
    await expect(unwrapper?.unwrap(wrapped, `${CONTEXT}d`)).rejects.toThrow("refuses");
  });
});

const VAULT_ENV = { VAULT_TOKEN: "root-token-hunter2" };

describe("a key is made", () => {
  it("in Google Cloud KMS: in hardware, its version pinned, once it is there", async () => {
    const name = `${RING}/cryptoKeys/jwt-8`;
    const { fetch, sent } = scripted([[200, { name }]]);
    const made = await gcpKmsAdmin(depsWith(fetch)).create({ ...REQUEST, where: RING });
    expect(made).toEqual({ key: `${name}/cryptoKeyVersions/1` });
    expect(sent).toEqual([
      {
        method: "POST",
        url: `https://cloudkms.googleapis.com/v1/${RING}/cryptoKeys?cryptoKeyId=jwt-8`,
        body: {
          purpose: "ASYMMETRIC_SIGN",
          versionTemplate: { algorithm: "EC_SIGN_P256_SHA256", protectionLevel: "HSM" },
        },
      },
    ]);
  });

  it("in Key Vault: for its one operation", async () => {
    const kid = `https://acme.vault.azure.net/keys/jwt-8/${"0".repeat(32)}`;
    const { fetch, sent } = scripted([[200, { key: { kid } }]]);
    const admin = azureKeyVaultAdmin(depsWith(fetch, IDENTITY_VARIABLES));
    const where = "https://acme.vault.azure.net";
    expect(await admin.create({ ...REQUEST, type: "rsa3072", where })).toEqual({ key: kid });
    expect(sent).toEqual([
      {
        method: "POST",
        url: `${where}/keys/jwt-8/create?api-version=7.4`,
        body: { kty: "RSA", key_size: 3072, key_ops: ["sign"] },
      },
    ]);
  });

  it("in Vault, where there is none of that name yet", async () => {
    const where = "https://vault.example.org:8200/v1/transit";
    const { fetch, sent } = scripted([
      [404, { errors: [] }],
      [200, {}],
    ]);
    const made = await vaultTransitAdmin(depsWith(fetch, VAULT_ENV)).create({ ...REQUEST, where });
    expect(made).toEqual({ key: `${where}/keys/jwt-8` });
    expect(sent.map(({ method, body }) => [method, body])).toEqual([
      ["GET", undefined],
      ["POST", { type: "ecdsa-p256" }],
    ]);
    for (const status of [200, 403, 500]) {
      const there = scripted([[status, { data: { name: "jwt-8" } }]]);
      const admin = vaultTransitAdmin(depsWith(there.fetch, VAULT_ENV));
      await expect(admin.create({ ...REQUEST, where })).rejects.toThrow(/already|status/); // oxlint-disable-line no-await-in-loop -- three
      expect(there.sent).toHaveLength(1);
    }
  });
});

const ADMINS: readonly [
  string,
  (deps: AdminDeps) => KeyAdmin,
  Readonly<Record<string, string>>,
  string,
][] = [
  ["Google", gcpKmsAdmin, {}, `${RING}/cryptoKeys/one/cryptoKeyVersions/1`],
  [
    "Azure",
    azureKeyVaultAdmin,
    IDENTITY_VARIABLES,
    `https://acme.vault.azure.net/keys/one/${"0".repeat(32)}`,
  ],
  ["Vault", vaultTransitAdmin, VAULT_ENV, "https://vault.example.org/v1/transit/keys/one"],
];

describe.each(ADMINS)("a refusal of %s", (_, admin, env, key) => {
  it.for([
    [403, true, false],
    [404, false, true],
    [500, false, false],
  ] as const)(
    "with status %i says what it is, and nothing of what was said",
    async ([status, denied, missing]) => {
      const secret = {
        error: { code: "hunter 2", status: "hunter 2", message: "hunter2" },
        errors: ["hunter2"],
      };
      const { fetch } = scripted([[status, secret]]);
      const error: unknown = await admin(depsWith(fetch, env))
        .publicKey({ key })
        .catch((e: unknown) => e);
      expect(error).toMatchObject({ denied, missing, exitCode: 1 });
      expect(String(error)).toContain(`status ${status}`);
      expect(String(error)).not.toMatch(/hunter ?2/);
    },
  );

  it("is told where nobody answers", async () => {
    const fetch = (url: string, init: RequestInit) =>
      /metadata|msi/.test(url)
        ? scripted([]).fetch(url, init)
        : Promise.reject(new TypeError("fetch failed"));
    await expect(admin(depsWith(fetch, env)).publicKey({ key })).rejects.toThrow("gives no answer");
  });

  it("is not needed for the commands by hand", () => {
    const offline = admin(depsWith(() => expect.fail("nothing is asked"), env));
    for (const mode of ["direct", "wrapped"] as const) {
      expect(offline.byHand({ ...REQUEST, mode }).join("\n")).toMatch(/^(gcloud|az|vault) .*jwt-8/);
      expect(offline.leastPolicy(mode, { key })).toMatch(
        mode === "direct" ? /sign/ : /[Dd]ecrypt|unwrap/,
      );
    }
  });
});
