import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import { openAwsKms } from "../../src/signer/aws-kms.ts";
import { openAzureKeyVault } from "../../src/signer/azure-key-vault.ts";
import type { BackendDeps, KeyHandle } from "../../src/signer/backend.ts";
import { openGcpKms } from "../../src/signer/gcp-kms.ts";
import type { Signer } from "../../src/signer/signer.ts";
import { openVaultTransit } from "../../src/signer/vault-transit.ts";
import { FakeKms, KMS_VARIABLES } from "../../test/fakes/aws-kms.ts";
import { FakeKeyVault } from "../../test/fakes/azure-key-vault.ts";
import { IDENTITY_VARIABLES } from "../../test/fakes/azure-tokens.ts";
import { FakeGcpKms } from "../../test/fakes/gcp-kms.ts";
import { FakeVault, VAULT_VARIABLES } from "../../test/fakes/vault.ts";

type Fetch = Platform["fetch"];

/** A service that knows a key, and how the backend opens it. */
interface Service {
  readonly fetch: Fetch;
  readonly env: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  open(deps: BackendDeps): Promise<KeyHandle | undefined>;
}

const plain = nodePlatform();
const GOOGLE_TOKEN = "ya29.issuer";

const SERVICES: Readonly<Record<string, (key: PrivateKey) => Promise<Service>>> = {
  async aws_kms(key) {
    const kms = new FakeKms(plain);
    const arn = kms.add("one", key);
    return { fetch: kms.fetch, env: KMS_VARIABLES, open: (deps) => openAwsKms({ key: arn }, deps) };
  },
  async gcp_kms(key) {
    const kms = new FakeGcpKms(plain);
    kms.permissions.set(GOOGLE_TOKEN, new Set(["useToSign"]));
    const name = kms.add("one", key, "EC_SIGN_P256_SHA256");
    return {
      fetch: async (url, init) =>
        new URL(url).hostname === "metadata.google.internal"
          ? Response.json({ access_token: GOOGLE_TOKEN, expires_in: 3599 })
          : kms.fetch(url, init),
      env: {},
      // The simulation signs no digest that it has not seen made.
      platform: kms.hashing(plain),
      open: (deps) => openGcpKms({ key: name }, deps),
    };
  },
  async azure_key_vault(key) {
    const vault = new FakeKeyVault(plain);
    const kid = await vault.add("one", key);
    return {
      fetch: vault.fetch,
      env: IDENTITY_VARIABLES,
      open: (deps) => openAzureKeyVault({ key: kid }, deps),
    };
  },
  async vault_transit(key) {
    const vault = new FakeVault(plain);
    const url = vault.add("one", key);
    return {
      fetch: vault.fetch,
      env: VAULT_VARIABLES,
      open: (deps) => openVaultTransit({ key: url }, deps),
    };
  },
};

export interface RecordedBackend {
  readonly backend: string;
  /** Sends its requests wherever `redirect` says. */
  readonly signer: Signer;
  /** The one request of a signature, and what it was answered with. */
  readonly request: RequestInit;
  readonly answer: string;
  redirect(fetch: Fetch): void;
}

/** Every backend that speaks HTTP, with its credentials at hand and one signature of `data` recorded. */
export async function recordBackends(data: Uint8Array): Promise<readonly RecordedBackend[]> {
  const recorded: RecordedBackend[] = [];
  for (const [backend, make] of Object.entries(SERVICES)) {
    const key = await plain.generateKey("P-256"); // oxlint-disable-line no-await-in-loop -- a handful
    recorded.push(await record(backend, key, await make(key), data)); // oxlint-disable-line no-await-in-loop
  }
  return recorded;
}

async function record(
  backend: string,
  key: PrivateKey,
  service: Service,
  data: Uint8Array,
): Promise<RecordedBackend> {
  const seen: { init: RequestInit; body: string }[] = [];
  let forward: Fetch = async (url, init) => {
    const answer = await service.fetch(url, init);
    seen.push({ init, body: await answer.clone().text() });
    return answer;
  };
  const chosen = signingAlgorithm("x509", key.publicKey.info);
  const handle = await service.open({
    platform: { ...(service.platform ?? plain), fetch: (url, init) => forward(url, init) },
    read: () => Promise.reject(new Error("reads nothing")),
    readPrivate: () => Promise.reject(new Error("reads nothing")),
    env: (name) => service.env[name],
    complain: (field, message) => {
      throw new Error(`${backend}: ${field}: ${message}`);
    },
  });
  const signer = chosen.ok && handle?.signer?.("bench", chosen.value, key.publicKey);
  if (!signer) throw new Error(`${backend}: no signer`);
  await signer.sign(data); // credentials are had from here on
  seen.length = 0;
  await signer.sign(data);
  const [one] = seen;
  if (one === undefined || seen.length > 1)
    throw new Error(`${backend}: ${seen.length} requests for one signature`);
  const { method, headers, body } = one.init;
  return {
    backend,
    signer,
    request: {
      ...(method !== undefined && { method }),
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && { body }),
    },
    answer: one.body,
    redirect: (fetch) => void (forward = fetch),
  };
}
