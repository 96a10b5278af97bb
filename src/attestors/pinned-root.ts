import { encodeBase64, decodeBase64 } from "../encoding/base64.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { decodePem } from "../encoding/pem.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";
import * as z from "zod/mini";
import type { AttestorDeps, SettleDeps } from "./attestor.ts";

/** `file:`, `data:` or `env:` of one PEM certificate, in place of the provider's root that is shipped. */
export const rootField = () => z.string().check(z.minLength(1), z.maxLength(16_384));

/**
 * The root that certificates in evidence must lead to, as a settled section holds it.
 * @param shipped DER in base64
 * @returns DER in base64; what is wrong with the operator's own is reported
 */
export async function settleRoot(
  reference: string | undefined,
  shipped: string,
  deps: SettleDeps,
): Promise<string> {
  if (reference === undefined) return shipped;
  const pem = decodePem(utf8Decode(await deps.read(reference)) ?? "", "CERTIFICATE", { max: 1 });
  const der = pem.ok ? pem.value[0] : undefined;
  if (der !== undefined && parseCertificate(der).ok) return encodeBase64(der);
  deps.report({ path: ["root"], message: "must be one PEM certificate", severity: "error" });
  return shipped;
}

/** @param settled what `settleRoot` gave */
export function openRoot(
  settled: string,
  deps: Pick<AttestorDeps, "report">,
): Certificate | undefined {
  const der = decodeBase64(settled);
  const root = der.ok ? parseCertificate(der.value) : der;
  if (root.ok) return root.value;
  deps.report({ path: ["root"], message: "is no certificate", severity: "error" });
  return undefined;
}
