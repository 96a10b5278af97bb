import * as z from "zod/mini";
import { TRUST_DOMAIN } from "../../../scripts/interop/configuration.ts";
import type { Vault } from "../../../scripts/interop/vault.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import { wrapKey, wrappingContext } from "../../../src/signer/envelope.ts";
import type { SignatureAlgorithm, Signer } from "../../../src/signer/signer.ts";
import { openVaultTransit } from "../../../src/signer/vault-transit.ts";

/** A Vault as its administrator sets it up, and the issuer's own way of reaching it from within this process. */

const platform = nodePlatform();
const keySchema = z.object({
  data: z.object({ keys: z.record(z.string(), z.object({ public_key: z.string() })) }),
});
const ciphertextSchema = z.object({ data: z.object({ ciphertext: z.string() }) });
const tokenSchema = z.object({ auth: z.object({ client_token: z.string() }) });

/** What Vault tells of Ed25519 is the bare key: its SubjectPublicKeyInfo begins so (RFC 8410). */
const ED25519 = Buffer.from("302a300506032b6570032100", "hex");

export interface TransitKey {
  readonly name: string;
  /** PEM. */
  readonly publicKey: string;
}

export async function createKey(vault: Vault, name: string, type: string): Promise<TransitKey> {
  await vault.call("POST", `transit/keys/${name}`, { type });
  return { name, publicKey: await publicKeyOf(vault, name) };
}

export async function publicKeyOf(vault: Vault, name: string, version = 1): Promise<string> {
  const { data } = keySchema.parse(await vault.call("GET", `transit/keys/${name}`));
  const told = data.keys[String(version)]?.public_key ?? "";
  if (told.startsWith("-----")) return told;
  const spki = Buffer.concat([ED25519, Buffer.from(told, "base64")]).toString("base64");
  return `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`;
}

/** A signer as the issuer has it, with the rights of the root token. */
export async function transitSigner(
  vault: Vault,
  { name, publicKey }: TransitKey,
  options: { readonly version?: number; readonly algorithm?: SignatureAlgorithm } = {},
): Promise<Signer> {
  const blocks = decodePem(publicKey, "PUBLIC KEY", { max: 1 });
  const info = parseSpki(blocks.ok ? (blocks.value[0] ?? new Uint8Array()) : new Uint8Array());
  if (!info.ok) throw new Error(info.error.reason);
  const chosen = signingAlgorithm("x509", info.value, options.algorithm);
  const imported = await platform.importPublicKey(info.value);
  if (!chosen.ok || !imported.ok) throw new Error("not a usable key");
  const nothing = () => Promise.reject(new Error("reads nothing"));
  const deps: BackendDeps = {
    platform,
    read: nothing,
    readPrivate: nothing,
    env: (variable) => (variable === "VAULT_TOKEN" ? vault.rootToken : undefined),
    complain(field, message) {
      throw new Error(`${field}: ${message}`);
    },
  };
  const settings = { key: `${vault.url}/v1/transit/keys/${name}`, version: options.version };
  const handle = await openVaultTransit(settings, deps);
  const signer = handle?.signer?.(name, chosen.value, imported.value);
  if (signer === undefined) throw new Error("no signer");
  return signer;
}

/** A policy of the paths that may be written to, and nothing else. */
export async function writePolicy(vault: Vault, name: string, paths: readonly string[]) {
  const policy = paths.map((path) => `path "${path}" { capabilities = ["update"] }`).join("\n");
  await vault.call("PUT", `sys/policies/acl/${name}`, { policy });
}

/** A token with one policy, not even that of every token. */
export async function createToken(vault: Vault, policy: string): Promise<string> {
  const wanted = { policies: [policy], no_default_policy: true, period: "1h" };
  const { auth } = tokenSchema.parse(await vault.call("POST", "auth/token/create", wanted));
  return auth.client_token;
}

/** A PEM document as a configuration has it in place. */
export function inPlace(pem: string): string {
  return `data:;base64,${btoa(pem)}`;
}

/** A private key under a data key that Vault encrypted for it: what `wrapped_key` names. */
export async function wrapByVault(
  vault: Vault,
  name: string,
  key: PrivateKey,
  use: "jwt" | "wit",
): Promise<string> {
  const kid = await thumbprint(platform, key.publicKey.info);
  const context = wrappingContext({ trustDomain: TRUST_DOMAIN, use, kid });
  const plain = platform.random(32);
  const { data } = ciphertextSchema.parse(
    await vault.call("POST", `transit/encrypt/${name}`, {
      plaintext: Buffer.from(plain).toString("base64"),
      associated_data: btoa(context),
    }),
  );
  const wrapped = new TextEncoder().encode(data.ciphertext);
  return wrapKey(key, { trustDomain: TRUST_DOMAIN, use }, { plain, wrapped }, platform);
}
