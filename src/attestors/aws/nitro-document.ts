import { toHex } from "../../encoding/bytes.ts";
import { isCborMap, parseCbor, type CborMap, type CborValue } from "../../encoding/cbor.ts";
import { fail, ok, type Result } from "../../result.ts";

/** What a Nitro attestation document says, typed. Believe it only once the bytes it was read from verified. */
export interface NitroDocument {
  readonly kind: NitroKind;
  readonly moduleId: string;
  readonly instanceId: string;
  /** Unix seconds, whole, as all times that decide. */
  readonly timestamp: number;
  /** `pcr0`, `pcr1` …: lower-case hex. A register that is all zeros holds no measurement, and is absent. */
  readonly measurements: Readonly<Record<string, string>>;
  /** DER: the certificate of the key that signed the document … */
  readonly certificate: Uint8Array;
  /** … and those above it, without the root that the sender would like to be believed. */
  readonly intermediates: readonly Uint8Array[];
  readonly nonce?: Uint8Array;
}

/**
 * In debug mode an enclave's console is readable by its parent instance, and no image is measured. An enclave that has
 * neither a role nor a signed image is anybody's.
 */
export type NitroKind = "enclave" | "enclave_anonymous" | "enclave_debug" | "nitrotpm";

/** Registers of an enclave (SHA-384), and of a TPM. */
export const MAX_REGISTERS = 32;
const REGISTER_BYTES = 48;
const CERTIFICATE_BYTES = 1024;
const MAX_CERTIFICATES = 8;
const MODULE_ID = /^(i-[0-9a-f]{8,17})-(enc|tpm)[0-9a-f]{16}$/;
const ZEROS = /^0+$/;

/**
 * Enclave and NitroTPM documents have one envelope and one root, and differ in the name of their registers alone,
 * which mean different things: a document is one or the other, and its module says the same.
 * Members that AWS adds are ignored.
 * @returns `cose_malformed` | `claim_missing` | `claim_type` | `claim_value`
 * @see https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html
 */
export function readNitroDocument(payload: Uint8Array): Result<NitroDocument> {
  const parsed = parseCbor(payload, 4);
  if (!parsed.ok) return parsed;
  const document = parsed.value;
  if (!isCborMap(document)) return fail("claim_type", "not a map");
  const [module, instanceId, device] = MODULE_ID.exec(textOf(document, "module_id") ?? "") ?? [];
  if (module === undefined || instanceId === undefined) return fail("claim_value", "module_id");
  if (document.get("digest") !== "SHA384") return fail("claim_value", "digest");
  const timestamp = document.get("timestamp");
  if (typeof timestamp !== "number" || timestamp < 0) return fail("claim_type", "timestamp");
  const isTpm = document.has("nitrotpm_pcrs");
  if (isTpm === document.has("pcrs")) return fail("claim_missing", "pcrs or nitrotpm_pcrs");
  if (isTpm !== (device === "tpm")) return fail("claim_value", "module_id is of another device");
  const measurements = readRegisters(document.get(isTpm ? "nitrotpm_pcrs" : "pcrs"));
  if (!measurements.ok) return measurements;
  const certificate = document.get("certificate");
  const bundle = document.get("cabundle");
  if (!isBytes(certificate, CERTIFICATE_BYTES)) return fail("claim_type", "certificate");
  if (!Array.isArray(bundle) || bundle.length === 0 || bundle.length > MAX_CERTIFICATES)
    return fail("claim_type", "cabundle");
  if (!bundle.every((der) => isBytes(der, CERTIFICATE_BYTES)))
    return fail("claim_type", "cabundle");
  for (const [name, most] of OPTIONAL) {
    const value = document.get(name) ?? null;
    if (value !== null && !isBytes(value, most)) return fail("claim_type", name);
  }
  const nonce = document.get("nonce");
  return ok({
    kind: isTpm ? "nitrotpm" : enclaveKind(measurements.value),
    moduleId: module,
    instanceId,
    timestamp: Math.floor(timestamp / 1000),
    measurements: measurements.value,
    certificate,
    intermediates: bundle.slice(1),
    ...(nonce instanceof Uint8Array && { nonce }),
  });
}

/** What the workload chose to have signed, with the most octets that the device takes. */
const OPTIONAL = [
  ["public_key", 1024],
  ["user_data", 512],
  ["nonce", 512],
] as const;

function readRegisters(registers: CborValue | undefined): Result<Record<string, string>> {
  if (!isCborMap(registers) || registers.size === 0 || registers.size > MAX_REGISTERS)
    return fail("claim_type", "pcrs");
  const measurements: Record<string, string> = {};
  for (const [index, value] of registers) {
    if (typeof index !== "number" || index < 0 || index >= MAX_REGISTERS)
      return fail("claim_type", "pcrs");
    if (!(value instanceof Uint8Array) || value.length !== REGISTER_BYTES)
      return fail("claim_type", `pcr${index}`);
    const hex = toHex(value);
    if (!ZEROS.test(hex)) measurements[`pcr${index}`] = hex;
  }
  return ok(measurements);
}

/** PCR0 to PCR2 are the image, its kernel and the application: never zero, unless nothing was measured. */
function enclaveKind({
  pcr0,
  pcr1,
  pcr2,
  pcr3,
  pcr8,
}: Readonly<Record<string, string>>): NitroKind {
  if (pcr0 === undefined || pcr1 === undefined || pcr2 === undefined) return "enclave_debug";
  return pcr3 === undefined && pcr8 === undefined ? "enclave_anonymous" : "enclave";
}

function textOf(document: CborMap, name: string): string | undefined {
  const value = document.get(name);
  return typeof value === "string" ? value : undefined;
}

function isBytes(value: CborValue | undefined, most: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length > 0 && value.length <= most;
}
