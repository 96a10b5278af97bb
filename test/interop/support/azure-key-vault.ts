import { createRequire } from "node:module";
import { expect } from "vitest";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { KeyKind, PrivateKey } from "../../../src/platform/platform.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { openAzureKeyVault } from "../../../src/signer/azure-key-vault.ts";
import type { KeyHandle } from "../../../src/signer/backend.ts";
import type { Signer } from "../../../src/signer/signer.ts";
import { FakeKeyVault } from "../../fakes/azure-key-vault.ts";
import { IDENTITY_VARIABLES, tokenFor } from "../../fakes/azure-tokens.ts";
import { listen } from "../../fakes/node/listen.ts";

const ORIGIN = "https://svidmint.vault.azure.net";

/** What is used of `@azure/keyvault-keys`, which is installed apart. */
interface CryptographyClient {
  sign(alg: string, digest: Uint8Array): Promise<{ result: Uint8Array; keyID?: string }>;
  wrapKey(alg: string, key: Uint8Array): Promise<{ result: Uint8Array }>;
  unwrapKey(alg: string, wrapped: Uint8Array): Promise<{ result: Uint8Array }>;
}
interface Library {
  readonly CryptographyClient: new (
    kid: string,
    credential: object,
    options: object,
  ) => CryptographyClient;
}
interface Pipeline {
  createDefaultHttpClient(): { sendRequest(request: object): Promise<unknown> };
}

export interface VaultKey {
  readonly kid: string;
  readonly key: PrivateKey;
  /** As a configuration's entry opens it. */
  readonly handle: KeyHandle;
}

/** A simulated vault behind HTTP. */
export interface ServedVault extends AsyncDisposable {
  readonly vault: FakeKeyVault;
  /** By which an issuer finds it, and its identity. */
  readonly variables: Readonly<Record<string, string>>;
  create(name: string, kind: KeyKind): Promise<VaultKey>;
  /** Microsoft's client, which believes that it speaks to Azure: only its connection is ours. */
  microsoft(path: string, kid: string): CryptographyClient;
}

export async function serveVault(): Promise<ServedVault> {
  const platform = nodePlatform();
  const vault = new FakeKeyVault(platform, ORIGIN);
  const served = await listen(vault.handle);
  const variables: Record<string, string> = {
    ...IDENTITY_VARIABLES,
    IDENTITY_ENDPOINT: `${served.url}/msi/token`,
    SVIDMINT_AZURE_KEY_VAULT_ENDPOINT: served.url,
  };
  const nothing = () => Promise.reject(new Error("reads nothing"));
  return {
    vault,
    variables,
    async create(name, kind) {
      const key = await platform.generateKey(kind);
      const kid = await vault.add(name, key);
      const handle = await openAzureKeyVault(
        { key: kid },
        {
          platform,
          read: nothing,
          readPrivate: nothing,
          env: (variable) => variables[variable],
          complain: (field, message) => expect.fail(`${field}: ${message}`),
        },
      );
      if (handle === undefined) throw new Error("no handle");
      return { kid, key, handle };
    },
    microsoft(path, kid) {
      const load = createRequire(path);
      const { CryptographyClient: Client }: Library = load("./index.js");
      const { createDefaultHttpClient }: Pipeline = load("@azure/core-rest-pipeline");
      const real = createDefaultHttpClient();
      const httpClient = {
        async sendRequest(request: { url: string; allowInsecureConnection?: boolean }) {
          const { url } = request;
          request.url = url.replace(ORIGIN, served.url);
          request.allowInsecureConnection = true;
          try {
            return await real.sendRequest(request);
          } finally {
            request.url = url; // The client compares it with the challenge.
          }
        },
      };
      const credential = {
        async getToken(scopes: string | string[]) {
          const resource = String(scopes).replace(/\/\.default$/, "");
          return { token: tokenFor(resource), expiresOnTimestamp: Date.now() + 3_600_000 };
        },
      };
      return new Client(kid, credential, { httpClient });
    },
    [Symbol.asyncDispose]: () => served.close(),
  };
}

export function signerOf({ key, handle }: VaultKey, id: string): Signer {
  const chosen = signingAlgorithm("x509", key.publicKey.info);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const signer = handle.signer?.(id, chosen.value, key.publicKey);
  if (signer === undefined) throw new Error("no signer");
  return signer;
}
