import type { Binding, Claims } from "../../attestation.ts";
import { decodeBase64 } from "../../encoding/base64.ts";
import { utf8Decode } from "../../encoding/bytes.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { gradeNonce } from "../binding.ts";
import { isText } from "../claim-types.ts";
import { isUuid } from "./resource-id.ts";

/** Of each kind of machine: what says that it cannot be debugged, and what was booted. */
const TEES: ReadonlyMap<
  JsonValue | undefined,
  { readonly debug: string; readonly launch: string }
> = new Map([
  ["sevsnpvm", { debug: "x-ms-sevsnpvm-is-debuggable", launch: "x-ms-sevsnpvm-launchmeasurement" }],
  ["tdxvm", { debug: "tdx_td_attributes_debug", launch: "tdx_mrtd" }],
]);

/** Debuggers of the guest; where one is on, whoever holds the serial console reads its memory. */
const GUEST_DEBUGGERS = [
  "x-ms-azurevm-bootdebug-enabled",
  "x-ms-azurevm-hypervisordebug-enabled",
  "x-ms-azurevm-kerneldebug-enabled",
] as const;

/**
 * What a token of Microsoft Azure Attestation says of a confidential virtual machine, attested from inside by its
 * virtual TPM.
 * @returns `not_a_workload` for other evidence that the service attests, `debug_mode`, `claim_*`
 * @see https://learn.microsoft.com/azure/attestation/claim-sets
 */
export function readMaaToken(token: JsonObject): Result<Claims> {
  if (token["x-ms-attestation-type"] !== "azurevm")
    return fail("not_a_workload", "x-ms-attestation-type");
  const isolation = token["x-ms-isolation-tee"];
  if (!isJsonObject(isolation)) return fail("not_a_workload", "x-ms-isolation-tee");
  const tee = isolation["x-ms-attestation-type"];
  const names = TEES.get(tee);
  if (names === undefined || !isText(tee)) return fail("not_a_workload", "kind of machine");
  if (isolation["x-ms-compliance-status"] !== "azure-compliant-cvm")
    return fail("claim_value", "x-ms-compliance-status");
  const debuggable = isolation[names.debug];
  if (typeof debuggable !== "boolean") return fail("claim_missing", names.debug);
  if (
    debuggable ||
    token["x-ms-azurevm-debuggersdisabled"] === false ||
    GUEST_DEBUGGERS.some((name) => token[name] === true)
  )
    return fail("debug_mode");
  const vmId = machineId(token, isolation);
  if (!vmId.ok) return vmId;
  const { secureboot } = token;
  const policyHash = token["x-ms-policy-hash"];
  const launch = isolation[names.launch];
  if (typeof secureboot !== "boolean") return fail("claim_type", "secureboot");
  if (!isText(policyHash)) return fail("claim_missing", "x-ms-policy-hash");
  if (!isText(launch) || !/^[0-9a-f]{96}$/.test(launch)) return fail("claim_value", names.launch);
  return ok({
    tee,
    vm_id: vmId.value,
    policy_hash: policyHash,
    launch_measurement: launch,
    secure_boot: secureboot,
  });
}

/** Azure writes it in capitals here and in small letters elsewhere. The hardware's report says it once more. */
function machineId(token: JsonObject, isolation: JsonObject): Result<string> {
  const stated = token["x-ms-azurevm-vmid"];
  const id = isText(stated) ? stated.toLowerCase() : "";
  if (!isUuid(id)) return fail("claim_value", "x-ms-azurevm-vmid");
  const runtime = isolation["x-ms-runtime"];
  const machine = isJsonObject(runtime) ? runtime["vm-configuration"] : undefined;
  const reported = isJsonObject(machine) ? machine["vmUniqueId"] : undefined;
  return isText(reported) && reported.toLowerCase() === id
    ? ok(id)
    : fail("claim_value", "vmUniqueId");
}

/**
 * What the nonce that the machine chose binds to. The attestation client writes the values of its payload in base64; a
 * payload that went to the service without that client stands as it is.
 */
export function gradeClientNonce(token: JsonObject, base: string): Result<Binding> {
  const runtime = token["x-ms-runtime"];
  const payload = isJsonObject(runtime) ? runtime["client-payload"] : undefined;
  const nonce = isJsonObject(payload) ? (payload["nonce"] ?? "") : "";
  if (typeof nonce !== "string") return fail("claim_type", "nonce");
  const plain = gradeNonce(nonce, base);
  if (!plain.ok || plain.value.kind !== "none") return plain;
  const decoded = decodeBase64(nonce);
  return gradeNonce(decoded.ok ? (utf8Decode(decoded.value) ?? "") : "", base);
}
