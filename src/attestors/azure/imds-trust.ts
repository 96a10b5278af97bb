import { encodeBase64 } from "../../encoding/base64.ts";
import type { SettleDeps } from "../attestor.ts";
import { readAuthorities } from "../certificates.ts";
import { AZURE_INTERMEDIATES, AZURE_ROOTS } from "./imds-certificates.ts";
import type { StoredTrust } from "./imds-signer.ts";

/** The shipped certificates and the operator's. What cannot be used is reported, and is not there. */
export async function settleTrust(
  roots: string | readonly string[],
  intermediates: string | readonly string[],
  deps: Pick<SettleDeps, "read" | "report">,
): Promise<StoredTrust> {
  const read = async (references: string | readonly string[], member: string) =>
    (await readAuthorities(references, [member], deps)).map(({ raw }) => encodeBase64(raw));
  return {
    roots: [...AZURE_ROOTS, ...(await read(roots, "roots"))],
    intermediates: [...AZURE_INTERMEDIATES, ...(await read(intermediates, "intermediates"))],
  };
}
