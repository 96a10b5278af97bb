import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import type { BackendDeps, Unwrapper } from "../../../src/signer/backend.ts";
import { openGcpKms, type GcpKmsSettings } from "../../../src/signer/gcp-kms.ts";
import { SignerError, type SignatureAlgorithm } from "../../../src/signer/signer.ts";
import { FakeGcpKms, RING } from "../../fakes/gcp-kms.ts";
import { base64 } from "../../fakes/keys.ts";
import { newKey } from "../../fakes/private-key.ts";

export const crypto = webCryptoPlatform();
export const METADATA =
  "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
const TOKEN = "ya29.issuer";
export const CONTEXT = "svidmint prod.example.org jwt jwt-7";

const GOOGLE_NAMES: Readonly<Record<string, string>> = {
  ES256: "EC_SIGN_P256_SHA256",
  ES384: "EC_SIGN_P384_SHA384",
  RS256: "RSA_SIGN_PKCS1_2048_SHA256",
  PS256: "RSA_SIGN_PSS_2048_SHA256",
  EdDSA: "EC_SIGN_ED25519",
};

/** A service with one key that signs and one that decrypts, and an issuer that may use them and do nothing else. */
export async function bench(kind: KeyKind = "P-256", wanted?: SignatureAlgorithm) {
  const kms = new FakeGcpKms(crypto);
  kms.permissions.set(TOKEN, new Set(["useToSign", "useToDecrypt"]));
  const key = await newKey(crypto, kind);
  const chosen = signingAlgorithm("x509", key.publicKey.info, wanted);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const version = kms.add("one", key, GOOGLE_NAMES[chosen.value.algorithm] ?? "none");
  const dataKey = await kms.dataKeys.add(`${RING}/cryptoKeys/wrap`);
  const complaints: string[] = [];
  let metadata = (): Response => Response.json({ access_token: TOKEN, expires_in: 3599 });
  const fetch = (url: string, init: RequestInit): Promise<Response> =>
    url === METADATA ? Promise.resolve(metadata()) : kms.fetch(url, init);
  const deps: BackendDeps = {
    platform: kms.hashing(webCryptoPlatform({ fetch })),
    read: () => Promise.reject(new Error("reads nothing")),
    readPrivate: () => Promise.reject(new Error("reads nothing")),
    env: () => undefined,
    complain: (field, message) => void complaints.push(`${field}: ${message}`),
  };
  const open = (settings: GcpKmsSettings, changes: Partial<BackendDeps> = {}) =>
    openGcpKms(settings, { ...deps, ...changes });
  const signerFor = async (settings: GcpKmsSettings, changes?: Partial<BackendDeps>) =>
    (await open(settings, changes))?.signer?.("root", chosen.value, key.publicKey);
  const signer = await signerFor({ key: version });
  const unwrapper = (await open({ key: dataKey }))?.unwrapper?.("jwt-7");
  if (signer === undefined || unwrapper === undefined) throw new Error("not opened");
  const withoutCredentials = (): void => {
    metadata = () => new Response("", { status: 404 });
  };
  return {
    kms,
    version,
    dataKey,
    signer,
    signerFor,
    unwrapper,
    open,
    complaints,
    chosen: chosen.value,
    withoutCredentials,
  };
}

export async function faultOf(call: () => unknown): Promise<SignerError> {
  const error: unknown = await (async () => call())().catch((e: unknown) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

/** @returns what the key encrypts, as an operator has it done */
export async function wrapped(
  kms: FakeGcpKms,
  name: string,
  context = CONTEXT,
  plain = utf8Encode("the data key"),
) {
  const answer = await kms.dataKeys.answer(name, ":encrypt", {
    plaintext: base64(plain),
    additionalAuthenticatedData: btoa(context),
  });
  if (answer instanceof Response) throw new Error("not encrypted");
  return Uint8Array.from(atob(String(answer["ciphertext"])), (c) => c.charCodeAt(0));
}

export async function unwrappedText(unwrapper: Unwrapper, bytes: Uint8Array, context = CONTEXT) {
  return new TextDecoder().decode(await unwrapper.unwrap(bytes, context));
}
