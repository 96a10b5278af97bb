import { constants, createPublicKey, publicEncrypt, type KeyObject } from "node:crypto";
import { utf8Decode } from "../../encoding/bytes.ts";
import { UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import { KeyServiceError, type AdminDeps, type KeyAdmin, type KeyType } from "./key-admin.ts";

const TYPES: Readonly<Record<KeyType, string>> = {
  p256: "EC:prime256v1",
  p384: "EC:secp384r1",
  rsa2048: "rsa:2048",
  rsa3072: "rsa:3072",
  rsa4096: "rsa:4096",
  ed25519: "EC:edwards25519",
};

/**
 * Tokens have no service to ask: keys are made by the vendor's tool or OpenSC's. To wrap, no token is needed either, only
 * the public half of its RSA key.
 */
export function pkcs11Admin({ platform, wrappingKey }: AdminDeps): KeyAdmin {
  return {
    name: "the PKCS#11 token",
    byHand({ id, mode, type }) {
      const tool = "pkcs11-tool --module MODULE --token-label TOKEN --login";
      const kind = mode === "wrapped" ? "rsa:3072 --usage-decrypt" : `${TYPES[type]} --usage-sign`;
      return [
        `${tool} --keypairgen --label ${id} --key-type ${kind}`,
        `${tool} --read-object --type pubkey --label ${id} --output-file ${id}.der`,
        `openssl pkey -pubin -inform DER -in ${id}.der -out ${id}.pub`,
      ];
    },
    leastPolicy: (mode) =>
      `a user of the token that may ${mode === "wrapped" ? "decrypt" : "sign"} with this key, which is neither extractable nor modifiable`,
    async create() {
      throw new UsageError(
        "keys on a token are made by its own tool: leave --create out to see how",
      );
    },
    async publicKey() {
      throw new KeyServiceError(
        "the public half of a key on a token is read by its own tool",
        true,
      );
    },
    async dataKey({ oaep_hash: hash = "sha256" }) {
      if (wrappingKey === undefined || typeof hash !== "string")
        throw new UsageError("name the public half of the token's RSA key: --wrapping-key FILE");
      const plain = platform.random(32);
      const pem = utf8Decode(await readInput(wrappingKey, 65_536)) ?? "";
      return { plain, wrapped: encrypted(plain, pem, hash) };
    },
  };
}

/** RSA-OAEP with an empty label, as the token undoes it. */
function encrypted(plain: Uint8Array, pem: string, oaepHash: string): Uint8Array {
  const key = publicKeyIn(pem);
  if (key === undefined) throw new UsageError("--wrapping-key is no public key in PEM");
  if (key.asymmetricKeyType !== "rsa") throw new UsageError("--wrapping-key is no RSA key");
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return new Uint8Array(publicEncrypt({ key, padding, oaepHash }, plain));
}

/** Of a private key nothing is taken, its public half neither: it has no business here. */
function publicKeyIn(pem: string): KeyObject | undefined {
  try {
    return pem.startsWith("-----BEGIN PUBLIC KEY-----") ? createPublicKey(pem) : undefined;
  } catch {
    return undefined;
  }
}
