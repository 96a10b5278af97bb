import { decodeBase64 } from "../../encoding/base64.ts";
import { isJsonObject, member, type JsonObject, type JsonValue } from "../../encoding/json.ts";
import { parseJwk } from "../../encoding/public-key.ts";
import { fail, ok, type Result } from "../../result.ts";
import { formatDuration } from "../time.ts";
import { describeCertificates } from "./certificate.ts";
import type { Description } from "./description.ts";
import { jktOf, keyWords } from "./keys.ts";

/** A SPIFFE bundle document, or any other JWK set. */
export async function describeBundle(document: JsonObject): Promise<Result<Description[]>> {
  const keys = member(document, "keys");
  if (!Array.isArray(keys)) return fail("json_malformed", "keys is not an array");
  const sequence = member(document, "spiffe_sequence");
  const hint = member(document, "spiffe_refresh_hint");
  const isBundle =
    sequence !== undefined || hint !== undefined || keys.some((key) => isSpiffeUse(key));
  const entries = await Promise.all(keys.map((key: JsonValue, index) => describeKey(key, index)));
  const failed = entries.find((entry) => !entry.ok);
  if (failed !== undefined && !failed.ok) return failed;
  const head: Description = {
    title: isBundle ? "SPIFFE bundle" : "JWK set",
    fields: [
      ["sequence", sequence === undefined ? undefined : JSON.stringify(sequence)],
      ["refresh hint", typeof hint === "number" ? formatDuration(hint) : undefined],
      ["X.509 authorities", isBundle ? String(countUse(keys, "x509-svid")) : undefined],
      ["JWT authorities", isBundle ? String(countUse(keys, "jwt-svid")) : undefined],
      ["WIT authorities", isBundle ? String(countUse(keys, "wit-svid")) : undefined],
      ["keys", String(keys.length)],
    ],
    data: {
      kind: isBundle ? "bundle" : "jwks",
      ...(sequence === undefined ? {} : { spiffe_sequence: sequence }),
      ...(hint === undefined ? {} : { spiffe_refresh_hint: hint }),
    },
  };
  return ok([head, ...entries.flatMap((entry) => (entry.ok ? entry.value : []))]);
}

function isSpiffeUse(key: JsonValue): boolean {
  const use = isJsonObject(key) ? member(key, "use") : undefined;
  return use === "x509-svid" || use === "jwt-svid" || use === "wit-svid";
}

function countUse(keys: readonly JsonValue[], use: string): number {
  return keys.filter((key) => isJsonObject(key) && member(key, "use") === use).length;
}

async function describeKey(key: JsonValue, index: number): Promise<Result<Description[]>> {
  if (!isJsonObject(key)) return fail("json_malformed", `keys.${index} is not an object`);
  const use = member(key, "use");
  const kid = member(key, "kid");
  const x5c = member(key, "x5c");
  const info = parseJwk(key);
  const shown: Description = {
    title: `Key ${index + 1}: ${typeof use === "string" ? use : "no use"}`,
    fields: [
      ["kid", typeof kid === "string" ? kid : undefined],
      [
        "key",
        info.ok ? keyWords(info.value) : `not usable (${info.error.detail ?? info.error.reason})`,
      ],
      ["thumbprint", info.ok ? await jktOf(info.value) : undefined],
    ],
    data: {
      kind: "jwk",
      use,
      kid,
      ...(info.ok ? { key: keyWords(info.value), thumbprint: await jktOf(info.value) } : {}),
    },
  };
  const [first] = Array.isArray(x5c) ? (x5c as readonly JsonValue[]) : [];
  if (typeof first !== "string") return ok([shown]);
  const der = decodeBase64(first);
  if (!der.ok) return der;
  const certificate = await describeCertificates([der.value]);
  return certificate.ok ? ok([shown, ...certificate.value]) : certificate;
}
