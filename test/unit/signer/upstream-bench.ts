import { encodePem } from "../../../src/encoding/pem.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { BackendDeps, KeyHandle, UpstreamCa } from "../../../src/signer/backend.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { NOW, testCa, type TestCa } from "../svid/forge.ts";

export const platform = webCryptoPlatform({ now: () => NOW });

/** An existing CA of two tiers, neither of which limits the path. */
export async function hierarchy(): Promise<{ readonly root: TestCa; readonly issuing: TestCa }> {
  const root = await testCa("root");
  const issuing = await testCa("issuing", {}, root);
  return { root, issuing };
}

export interface Opened {
  readonly complaints: readonly string[];
  readonly handle: KeyHandle | undefined;
}

/** Opens a backend with files by their references. */
export async function opened<S>(
  open: (settings: S, deps: BackendDeps) => Promise<KeyHandle | undefined>,
  settings: S,
  changes: Partial<BackendDeps> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Opened> {
  const complaints: string[] = [];
  const { files = {}, ...rest } = changes;
  const read = async (reference: string) => utf8Encode(files[reference] ?? "");
  const deps: BackendDeps = {
    platform: platform,
    read,
    readPrivate: read,
    env: () => undefined,
    complain: (field, message) => void complaints.push(`${field}: ${message}`),
    ...rest,
  };
  const handle = await open(settings, deps);
  return { complaints, handle };
}

export function caOf({ handle, complaints }: Opened): UpstreamCa {
  const ca = handle?.upstream?.("corp");
  if (ca === undefined) throw new Error(`no ca: ${complaints.join("; ")}`);
  return ca;
}

export async function faultOf(answer: Promise<unknown>): Promise<SignerError> {
  const error: unknown = await answer.catch((e: unknown) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

export async function pemOf(key: PrivateKey): Promise<string> {
  return encodePem("PRIVATE KEY", await platform.exportPrivateKey(key));
}
