import { utf8Decode } from "../encoding/bytes.ts";
import { decodePem, encodePem } from "../encoding/pem.ts";
import { nodePlatform } from "../platform/node/node-platform.ts";
import type { KeyKind, Platform, PrivateKey } from "../platform/platform.ts";
import { CommandError } from "./errors.ts";
import { readInput } from "./files.ts";
import { printable } from "./output.ts";

export const KEY_KINDS: Readonly<Record<string, KeyKind>> = {
  p256: "P-256",
  p384: "P-384",
  rsa2048: "RSA-2048",
  ed25519: "Ed25519",
};

/** The platform of every command: the machine's clock and network. */
export const platform: Platform = nodePlatform();

/** PKCS#8 PEM, as OpenSSL and Node write and read it. */
export async function privateKeyPem(key: PrivateKey): Promise<string> {
  return encodePem("PRIVATE KEY", await platform.exportPrivateKey(key));
}

/**
 * Reads a private key of a kind that svidmint takes. The message never quotes the file.
 * @throws CommandError (2)
 */
export async function readPrivateKey(path: string): Promise<PrivateKey> {
  const text = utf8Decode(await readInput(path, 65_536));
  const blocks = text === undefined ? undefined : decodePem(text, "PRIVATE KEY", { max: 1 });
  const der = blocks?.ok === true ? blocks.value[0] : undefined;
  if (der === undefined) {
    throw new CommandError(
      `${printable(path)} is not one unencrypted PKCS#8 private key in PEM; make one with svidmint key new, or convert with openssl pkcs8 -topk8 -nocrypt`,
      2,
    );
  }
  const key = await platform.importPrivateKey(der);
  if (
    !key.ok ||
    (key.value.publicKey.info.type === "EC" && key.value.publicKey.info.curve === "P-521")
  ) {
    throw new CommandError(
      `${printable(path)} holds a key that svidmint does not take: use P-256, P-384, RSA or Ed25519`,
      2,
    );
  }
  return key.value;
}
