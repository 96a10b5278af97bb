import { ConfigError, type ReadResource } from "../config-issue.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { decodePem } from "../encoding/pem.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { parseSpki } from "../encoding/public-key.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import type { Result } from "../result.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";

/** The files that one entry names, read and parsed; what is wrong goes to `complain`, by the entry's field. */
export interface KeyFiles {
  readonly privateKey?: PrivateKey;
  readonly publicKey?: PublicKeyInfo;
  readonly certificate?: Certificate;
}

export interface KeyFileSource {
  readonly platform: Pick<Platform, "importPrivateKey">;
  readonly read: ReadResource;
  /** For private keys: on Node it refuses files that others can read. */
  readonly readPrivate: ReadResource;
}

export interface KeyFileNames {
  readonly private_key?: string | undefined;
  readonly public_key?: string | undefined;
  readonly certificate?: string | undefined;
}

export async function readKeyFiles(
  names: KeyFileNames,
  source: KeyFileSource,
  complain: (field: string, message: string) => void,
): Promise<KeyFiles> {
  const block = async (
    field: keyof KeyFileNames,
    label: string,
    read: ReadResource,
  ): Promise<Uint8Array | undefined> => {
    const reference = names[field];
    if (reference === undefined) return undefined;
    let text: string | undefined;
    try {
      text = utf8Decode(await read(reference));
    } catch (error) {
      complain(field, reasonOf(error));
      return undefined;
    }
    const blocks = decodePem(text ?? "", label, { max: 1 });
    if (!blocks.ok)
      complain(field, `must hold one pem block "${label}" and nothing else${hint(text)}`);
    return blocks.ok ? blocks.value[0] : undefined;
  };
  const accept = <T>(field: string, result: Result<T>, what: string): T | undefined => {
    if (!result.ok) complain(field, `${what}: ${result.error.detail ?? result.error.reason}`);
    return result.ok ? result.value : undefined;
  };

  const [pkcs8, spki, der] = await Promise.all([
    block("private_key", "PRIVATE KEY", source.readPrivate),
    block("public_key", "PUBLIC KEY", source.read),
    block("certificate", "CERTIFICATE", source.read),
  ]);
  const imported = pkcs8 && (await source.platform.importPrivateKey(pkcs8));
  const privateKey = imported && accept("private_key", imported, "not a usable private key");
  const publicKey = spki && accept("public_key", parseSpki(spki), "not a usable public key");
  const certificate =
    der && accept("certificate", parseCertificate(der), "not a usable certificate");
  return {
    ...(privateKey && { privateKey }),
    ...(publicKey && { publicKey }),
    ...(certificate && { certificate }),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.issues.map(({ message }) => message).join("; ");
  return "cannot be read";
}

/** The forms that tools write unless told otherwise. */
function hint(text: string | undefined): string {
  if (text?.includes("ENCRYPTED PRIVATE KEY") === true) return "; it is encrypted";
  if (/BEGIN (?:EC|RSA) PRIVATE KEY/.test(text ?? "")) {
    return "; `openssl pkcs8 -topk8 -nocrypt` converts it";
  }
  return "";
}
