import { ConfigError, type ReadResource } from "../config-issue.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { parseSpki } from "../encoding/public-key.ts";
import type { Result } from "../result.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";
import type { Complain } from "./backend.ts";
import { readPemBlock, wanted } from "./pem-block.ts";

/** The public half of what one entry names, read and parsed. */
export interface PublicFiles {
  readonly publicKey?: PublicKeyInfo;
  readonly certificate?: Certificate;
}

export interface PublicFileNames {
  readonly public_key?: string | undefined;
  readonly certificate?: string | undefined;
}

/** What is wrong goes to `complain`, by the entry's field. */
export async function readPublicFiles(
  names: PublicFileNames,
  read: ReadResource,
  complain: Complain,
): Promise<PublicFiles> {
  const block = async (
    field: keyof PublicFileNames,
    label: string,
  ): Promise<Uint8Array | undefined> => {
    const reference = names[field];
    if (reference === undefined) return undefined;
    return readPemBlock(reference, label, read, (message) => complain(field, message));
  };
  const accept = <T>(field: string, result: Result<T>, what: string): T | undefined => {
    if (!result.ok) complain(field, `${what}: ${result.error.detail ?? result.error.reason}`);
    return result.ok ? result.value : undefined;
  };
  const [spki, der] = await Promise.all([
    block("public_key", "PUBLIC KEY"),
    block("certificate", "CERTIFICATE"),
  ]);
  const publicKey = spki && accept("public_key", parseSpki(spki), "not a usable public key");
  const certificate =
    der && accept("certificate", parseCertificate(der), "not a usable certificate");
  return { ...(publicKey && { publicKey }), ...(certificate && { certificate }) };
}

/** Reads private keys as `read` does, and says of the forms that tools write unless told otherwise what they are. */
export function privateKeyReader(read: ReadResource): ReadResource {
  return async (reference) => {
    const bytes = await read(reference);
    const hint = hintFor(utf8Decode(bytes) ?? "");
    if (hint === undefined) return bytes;
    const message = `${wanted("PRIVATE KEY")}; ${hint}`;
    throw new ConfigError([{ path: [], message, severity: "error" }]);
  };
}

function hintFor(text: string): string | undefined {
  if (text.includes("ENCRYPTED PRIVATE KEY")) return "it is encrypted";
  return /BEGIN (?:EC|RSA) PRIVATE KEY/.test(text)
    ? "`openssl pkcs8 -topk8 -nocrypt` converts it"
    : undefined;
}
