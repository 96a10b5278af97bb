import * as z from "zod/mini";
import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";
import type { AttestorDeps, SettleDeps } from "./attestor.ts";
import { PEM_REFERENCE, readAuthorities } from "./certificates.ts";

/** One PEM certificate, in place of the provider's root that is shipped. */
export const rootField = () =>
  z.string().check(z.regex(PEM_REFERENCE, "expected file:, data: or env: of PEM"));

/**
 * The root that certificates in evidence must lead to, as a settled section holds it.
 * @param shipped DER in base64
 * @returns DER in base64; what is wrong with the operator's own is reported
 */
export async function settleRoot(
  reference: string | undefined,
  shipped: string,
  deps: Pick<SettleDeps, "read" | "report">,
): Promise<string> {
  if (reference === undefined) return shipped;
  const [root, more] = await readAuthorities(reference, ["root"], deps);
  if (more !== undefined)
    deps.report({ path: ["root"], message: "expected one certificate", severity: "error" });
  return root === undefined ? shipped : encodeBase64(root.raw);
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
