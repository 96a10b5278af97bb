import { encode } from "cborg";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { caOf, extension, forge, platform, type Fields, type TestCa } from "../unit/svid/forge.ts";
import { base64, pem } from "./keys.ts";

/**
 * A simulated AWS Nitro: a root, the authorities below it, and devices that sign what a test asks for. An issuer trusts
 * it by `aws_nitro: { root: … }`. The CBOR is written by a library that the code under test does not use.
 */
export interface SimulatedNitro {
  /** The root, PEM. */
  readonly root: string;
  readonly authorities: readonly TestCa[];
  /** @param now Unix seconds */
  device(now: number, options?: DeviceOptions): Promise<SimulatedDevice>;
}

interface DeviceOptions {
  readonly moduleId?: string;
  readonly region?: string;
  /** Of the device's own certificate, over what it would be. */
  readonly leaf?: Fields;
}

export interface SimulatedDevice {
  readonly key: PrivateKey;
  /** Members of the payload over what it would be; undefined leaves one out. */
  payload(members?: Readonly<Record<string, unknown>>): Map<string, unknown>;
  /** Base64 of a document with that payload, signed by the device or by whose key is given. */
  sign(payload: Map<string, unknown> | Uint8Array, key?: PrivateKey): Promise<string>;
}

export const INSTANCE = "i-0123456789abcdef0";
export const ENCLAVE = `${INSTANCE}-enc0123456789abcdef`;
export const TPM = `${INSTANCE}-tpm0000000000000000`;

const DAY = 86_400;
export const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);

/** Of an image; a register that is not named is zero. */
export function registers(values: Readonly<Record<number, number>>, count = 16) {
  return new Map(
    Array.from({ length: count }, (_, index) => [
      index,
      new Uint8Array(48).fill(values[index] ?? 0),
    ]),
  );
}

/** What `registers` wrote, as a claim has it. */
export function registerHex(octet: number): string {
  return octet.toString(16).padStart(2, "0").repeat(48);
}

export async function simulateNitro(now: number): Promise<SimulatedNitro> {
  const authorities: TestCa[] = [];
  const names: readonly (readonly [string, number])[] = [
    ["aws.nitro-enclaves", 3650 * DAY],
    ["0a1b.us-east-1.aws.nitro-enclaves", 20 * DAY],
    ["2c3d.zonal.us-east-1.aws.nitro-enclaves", 6 * DAY],
    [`${INSTANCE}.us-east-1.aws.nitro-enclaves`, DAY],
  ];
  for (const [name, life] of names) {
    const key = await platform.generateKey("P-384"); // oxlint-disable-line no-await-in-loop -- four
    const times = { notBefore: now - 3600, notAfter: now - 3600 + life };
    authorities.push(await caOf(name, key, times, authorities.at(-1))); // oxlint-disable-line no-await-in-loop -- each signs the next
  }
  const issuer = authorities.at(-1)!;
  return {
    root: pem("CERTIFICATE", authorities[0]!.der),
    authorities,
    device: async (at, options = {}) => makeDevice(issuer, authorities, at, options),
  };
}

async function makeDevice(
  issuer: TestCa,
  authorities: readonly TestCa[],
  now: number,
  { moduleId = ENCLAVE, region = "us-east-1", leaf }: DeviceOptions,
): Promise<SimulatedDevice> {
  const key = await platform.generateKey("P-384");
  const certificate = await forge(
    {
      subject: `${moduleId}.${region}.aws`,
      issuer: issuer.name,
      spki: key.publicKey.spki,
      notBefore: now - 3,
      notAfter: now + 10_797,
      extensions: [extension.notCa(), extension.keyUsage([0])],
      ...leaf,
    },
    issuer.key,
  );
  const isTpm = moduleId.includes("-tpm");
  const base = {
    module_id: moduleId,
    digest: "SHA384",
    timestamp: now * 1000 + 7,
    ...(isTpm
      ? { nitrotpm_pcrs: registers({ 0: 1, 4: 4, 7: 7 }, 24) }
      : { pcrs: registers({ 0: 1, 1: 2, 2: 3, 3: 0x33, 4: 0x44, 8: 0x88 }) }),
    certificate,
    cabundle: authorities.map(({ der }) => der),
    public_key: null,
    user_data: null,
    nonce: null,
  };
  return {
    key,
    payload: (members = {}) =>
      new Map(Object.entries({ ...base, ...members }).filter(([, value]) => value !== undefined)),
    sign: async (payload, signer = key) => base64(await signCose(payload, signer)),
  };
}

interface Envelope {
  readonly protected?: Uint8Array;
  readonly unprotected?: Map<unknown, unknown>;
  readonly signature?: Uint8Array;
}

/** COSE_Sign1, untagged as AWS writes it. */
export async function signCose(
  payload: Map<string, unknown> | Uint8Array,
  key: PrivateKey,
  envelope: Envelope = {},
): Promise<Uint8Array> {
  const bytes = payload instanceof Uint8Array ? payload : encode(payload);
  const header = envelope.protected ?? PROTECTED;
  const signed = encode(["Signature1", header, new Uint8Array(), bytes]);
  const signature =
    envelope.signature ?? (await platform.sign({ name: "ECDSA", hash: "SHA-384" }, key, signed));
  return encode([header, envelope.unprotected ?? new Map(), bytes, signature]);
}
