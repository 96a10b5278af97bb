import { utf8Encode } from "../../encoding/bytes.ts";
import type { JsonObject } from "../../encoding/json.ts";
import { isJsonObject } from "../../encoding/json.ts";
import { decodePem } from "../../encoding/pem.ts";
import { variable } from "../../platform/credentials.ts";
import { googleCredentials } from "../../platform/google-credentials.ts";
import { checksum, withChecksum } from "../../signer/gcp-kms-call.ts";
import { UsageError } from "../errors.ts";
import {
  keyIn,
  KeyServiceError,
  type AdminDeps,
  type KeyAdmin,
  type KeyRequest,
  type KeyType,
} from "./key-admin.ts";
import { bytesIn, callService, malformed, obtained, refusal } from "./service-call.ts";

/** @see https://cloud.google.com/kms/docs/algorithms#asymmetric_signing_algorithms */
const ALGORITHMS: Readonly<Record<KeyType, string>> = {
  p256: "EC_SIGN_P256_SHA256",
  p384: "EC_SIGN_P384_SHA384",
  rsa2048: "RSA_SIGN_PKCS1_2048_SHA256",
  rsa3072: "RSA_SIGN_PKCS1_3072_SHA256",
  rsa4096: "RSA_SIGN_PKCS1_4096_SHA256",
  ed25519: "EC_SIGN_ED25519",
};
/** What an issuer has no use for, as far as it can be asked of a key. */
const SURPLUS = [
  "cloudkms.cryptoKeys.setIamPolicy",
  "cloudkms.cryptoKeys.update",
  "cloudkms.cryptoKeyVersions.create",
  "cloudkms.cryptoKeyVersions.destroy",
  "cloudkms.cryptoKeyVersions.update",
];
const RING = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+$/;
/** A version is made in the background. */
const PENDING_TRIES = 10;
const PENDING_MS = 500;

/** @see https://cloud.google.com/kms/docs/reference/rest */
export function gcpKmsAdmin(deps: AdminDeps): KeyAdmin {
  const override = variable(deps, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS");
  const endpoint = (override ?? "https://cloudkms.googleapis.com").replace(/\/$/, "");
  const credentials = googleCredentials(deps);
  const ask = async (method: "GET" | "POST", path: string, body?: object): Promise<JsonObject> => {
    const quota = variable(deps, "GOOGLE_CLOUD_QUOTA_PROJECT");
    const { status, body: answer } = await callService(deps, "Google Cloud KMS", {
      method,
      url: `${endpoint}/v1/${path}`,
      headers: {
        authorization: `Bearer ${await obtained(credentials)}`,
        "content-type": "application/json",
        ...(quota !== undefined && { "x-goog-user-project": quota }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (status === 200) return answer;
    const name = isJsonObject(answer["error"]) ? answer["error"]["status"] : undefined;
    throw refusal("Google Cloud KMS refuses", { status, name }, status === 403 || status === 401, {
      PERMISSION_DENIED: ": these credentials lack the permission",
      NOT_FOUND: ": there is no such key or key ring",
      ALREADY_EXISTS: ": there is such a key already: name it by --key, or give another --id",
      FAILED_PRECONDITION: ": the version is not enabled",
    });
  };
  return {
    name: "Google Cloud KMS",
    byHand({ id, mode, type, where = "projects/PROJECT/locations/LOCATION/keyRings/RING" }) {
      const [, project, , location, , ring] = where.split("/");
      const at = `--keyring ${ring} --location ${location} --project ${project}`;
      if (mode === "wrapped")
        return [`gcloud kms keys create ${id} ${at} --purpose encryption --protection-level hsm`];
      const algorithm = ALGORITHMS[type].toLowerCase().replaceAll("_", "-");
      return [
        `gcloud kms keys create ${id} ${at} --purpose asymmetric-signing --default-algorithm ${algorithm} --protection-level hsm`,
        `gcloud kms keys versions get-public-key 1 --key ${id} ${at} --output-file ${id}.pub`,
      ];
    },
    leastPolicy(mode, settings) {
      const key = typeof settings["key"] === "string" ? keyOf(settings["key"]) : "KEY";
      const role =
        mode === "wrapped" ? "roles/cloudkms.cryptoKeyDecrypter" : "roles/cloudkms.signer";
      return `gcloud kms keys add-iam-policy-binding ${key} --member serviceAccount:ISSUER --role ${role}`;
    },
    async create(request) {
      const parent = ringOf(request);
      const signing = { algorithm: ALGORITHMS[request.type], protectionLevel: "HSM" };
      const wrapping = { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "HSM" };
      const wrapped = request.mode === "wrapped";
      const { name } = await ask("POST", `${parent}/cryptoKeys?cryptoKeyId=${request.id}`, {
        purpose: wrapped ? "ENCRYPT_DECRYPT" : "ASYMMETRIC_SIGN",
        versionTemplate: wrapped ? wrapping : signing,
      });
      if (name !== `${parent}/cryptoKeys/${request.id}`) throw malformed("Google Cloud KMS");
      return { key: wrapped ? name : `${name}/cryptoKeyVersions/1` };
    },
    async publicKey(settings) {
      const version = keyIn(settings, deps);
      const { pem, pemCrc32c, name } = await untilMade(() => ask("GET", `${version}/publicKey`));
      if (name !== version || typeof pem !== "string") throw malformed("Google Cloud KMS");
      if (pemCrc32c !== undefined && pemCrc32c !== checksum(utf8Encode(pem)))
        throw malformed("Google Cloud KMS");
      const blocks = decodePem(pem, "PUBLIC KEY", { max: 1 });
      const [der] = blocks.ok ? blocks.value : [];
      if (der === undefined) throw malformed("Google Cloud KMS");
      return der;
    },
    async dataKey(settings, context) {
      const key = keyIn(settings, deps);
      const plain = deps.platform.random(32);
      const answer = await ask("POST", `${key}:encrypt`, {
        ...withChecksum("plaintext", plain),
        ...withChecksum("additionalAuthenticatedData", utf8Encode(context)),
      });
      const wrapped = bytesIn(answer, "ciphertext", "Google Cloud KMS");
      if (answer["ciphertextCrc32c"] !== checksum(wrapped)) throw malformed("Google Cloud KMS");
      return { plain, wrapped };
    },
    async surplus(settings) {
      const key = keyOf(keyIn(settings, deps));
      const { permissions } = await ask("POST", `${key}:testIamPermissions`, {
        permissions: SURPLUS,
      });
      return Array.isArray(permissions) ? permissions.map(String) : [];
    },
    endpoint: () => `${endpoint}/`,
  };
}

async function untilMade(ask: () => Promise<JsonObject>): Promise<JsonObject> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(); // oxlint-disable-line no-await-in-loop -- one after the other
    } catch (error) {
      const pending =
        error instanceof KeyServiceError && error.message.includes("FAILED_PRECONDITION");
      if (!pending || tries === PENDING_TRIES) throw error;
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await new Promise((resolve) => {
        setTimeout(resolve, PENDING_MS);
      });
    }
  }
}

function ringOf({ where }: KeyRequest): string {
  if (where === undefined || !RING.test(where))
    throw new UsageError("name the key ring: --where projects/…/locations/…/keyRings/…");
  return where;
}

function keyOf(version: string): string {
  return version.replace(/\/cryptoKeyVersions\/\d+$/, "");
}
