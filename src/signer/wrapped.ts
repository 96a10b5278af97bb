import { ConfigError } from "../config-issue.ts";
import { equalBytes } from "../encoding/bytes.ts";
import { spkiOf } from "../encoding/public-key.ts";
import { variable } from "../platform/credentials.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import type { Unwrapper } from "./backend.ts";
import {
  DATA_KEY_BYTES,
  parseEnvelope,
  unwrapPkcs8,
  wrappingContext,
  type Envelope,
} from "./envelope.ts";
import { keyHere } from "./here.ts";
import type { ModeDeps, ModeKey, OpenedMode } from "./mode.ts";
import { SignerError } from "./signer.ts";
import { SingleFlight } from "./single-flight.ts";
import { verified } from "./verified.ts";

/**
 * `mode: wrapped`: the key lies encrypted in a file, under a data key that the service decrypts once: for the first
 * signature, when that is granted and recorded. From then on this process signs by itself.
 */
export async function openWrapped(key: ModeKey, deps: ModeDeps): Promise<OpenedMode> {
  const { id, handle, chosen } = key;
  const envelope = await readEnvelope(key, deps);
  if (envelope === undefined || handle === undefined) return {};
  const unwrapper = handle.unwrapper?.(id);
  if (unwrapper === undefined) {
    deps.complain("mode", "the backend unwraps no keys");
    return {};
  }
  const { platform } = deps;
  const publicKey = await platform.importPublicKey(key.info);
  if (!publicKey.ok) {
    deps.complain("public_key", "not a usable public key");
    return {};
  }
  const flight = new SingleFlight<PrivateKey>(`the wrapped key ${id}`, platform);
  let held: PrivateKey | undefined;
  const open = async (): Promise<PrivateKey> => {
    held = await unwrap(key, envelope, unwrapper, platform);
    return held;
  };
  const first = async (data: Uint8Array): Promise<Uint8Array> => {
    const opened = await flight.join(platform.now(), open).catch((error: unknown) => {
      // Whoever began it may have finished without our hearing of it.
      if (held === undefined) throw error;
      return held;
    });
    return platform.sign(chosen.scheme, opened, data);
  };
  const sign = (data: Uint8Array) =>
    held === undefined ? first(data) : platform.sign(chosen.scheme, held, data);
  return { signer: verified({ id, ...chosen, publicKey: publicKey.value, sign }, platform) };
}

/**
 * @returns that of this region, where private keys are looked at; else any, once all are looked at. Undefined where
 *   something is wrong, which is told
 */
async function readEnvelope(
  { settings: { wrapped_key: named }, use, kid, handle }: ModeKey,
  deps: ModeDeps,
): Promise<Envelope | undefined> {
  const { trustDomain, read, complain } = deps;
  const say = (message: string): undefined => {
    complain("wrapped_key", message);
  };
  if (named === undefined) return say("is required in mode wrapped");
  let references = typeof named === "string" ? [named] : Object.values(named);
  if (handle !== undefined) {
    const here = keyHere(named, deps, variable(deps, "AWS_REGION"), "wrapped_key");
    if (here === undefined) return undefined;
    references = [here];
  }
  let envelope: Envelope | undefined;
  for (const reference of references) {
    const bytes = await readFile(reference, read, say); // oxlint-disable-line no-await-in-loop -- one, or one a region
    if (bytes === undefined) return undefined;
    const parsed = parseEnvelope(bytes);
    if (!parsed.ok) return say(`is no wrapped key: ${parsed.error.detail}`);
    const { value } = parsed;
    if (value.trustDomain !== trustDomain)
      return say(`was wrapped for another trust domain than ${trustDomain}`);
    if (value.use !== use)
      return say(`was wrapped for a ${value.use} key, and this is a ${use} key`);
    if (value.kid !== kid) return say("was wrapped for another key than that of public_key");
    envelope = value;
  }
  return envelope;
}

async function readFile(
  reference: string,
  read: ModeDeps["read"],
  say: (message: string) => undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await read(reference);
  } catch (error) {
    if (!(error instanceof ConfigError)) return say("cannot be read");
    return say(error.issues.map(({ message }) => message).join("; "));
  }
}

/** @throws SignerError `unsound` where what comes out is not the key whose public half the bundle shows */
async function unwrap(
  { id, info }: ModeKey,
  envelope: Envelope,
  unwrapper: Unwrapper,
  platform: Platform,
): Promise<PrivateKey> {
  const unsound = (why: string): SignerError =>
    new SignerError("unsound", `wrapped key ${id}: ${why}`);
  const dataKey = await unwrapper.unwrap(envelope.dataKey, wrappingContext(envelope));
  if (dataKey.length !== DATA_KEY_BYTES) {
    dataKey.fill(0);
    throw unsound(`its data key is not one of ${DATA_KEY_BYTES} octets`);
  }
  const pkcs8 = await unwrapPkcs8(envelope, dataKey);
  dataKey.fill(0);
  if (pkcs8 === undefined)
    throw unsound("it does not open: it was changed, or its data key is that of another");
  const key = await platform.importPrivateKey(pkcs8);
  pkcs8.fill(0);
  if (!key.ok) throw unsound("what is in it is not a usable private key");
  if (!equalBytes(key.value.publicKey.spki, spkiOf(info)))
    throw unsound("what is in it is another key than that of public_key");
  return key.value;
}
