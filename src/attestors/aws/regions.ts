import * as z from "zod/mini";
import { ConfigError, type ConfigIssue } from "../../config-issue.ts";
import { encodeBase64 } from "../../encoding/base64.ts";
import { equalBytes, utf8Decode } from "../../encoding/bytes.ts";
import { decodePem } from "../../encoding/pem.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { keyBits, parseSpki } from "../../encoding/public-key.ts";
import { parseCertificate } from "../../svid/certificate.ts";
import type { SettleDeps } from "../attestor.ts";
import { REGION_KEYS, RSA1024_MODULI } from "./region-keys.ts";
import { EXPONENT, type IidForm, type RegionKeys } from "./region-table.ts";

const certificate = () => z.string().check(z.minLength(1), z.maxLength(16_384));
/** `regions:` of the configuration: those that AWS opened after this table was made, or lists on no public page. */
export const extraRegions = () =>
  z.record(
    z
      .string()
      .check(
        z.regex(
          /^[a-z]{2,8}(?:-[a-z0-9]{1,16}){1,4}$/,
          "expected the name of a region, such as eu-central-1",
        ),
      ),
    z.strictObject({
      partition: z
        .string()
        .check(
          z.regex(/^aws(?:-[a-z0-9]{1,16}){0,3}$/, "expected a partition, such as aws or aws-cn"),
        ),
      /** `file:`, `data:` or `env:` of one PEM certificate or public key; a certificate's dates are not looked at. */
      rsa2048: certificate(),
      rsa1024: z.optional(certificate()),
      /** Must be said to take the place of a region that is shipped. */
      replace: z.optional(z.boolean()),
    }),
  );
type ExtraRegions = z.infer<ReturnType<typeof extraRegions>>;

/**
 * The keys of the shipped regions and of the operator's, in the forms that are asked for. Entries that cannot be used
 * are reported, and are not there.
 */
export async function regionKeys(
  extra: ExtraRegions,
  forms: readonly IidForm[],
  deps: SettleDeps,
): Promise<RegionKeys> {
  const keys = new Map(
    Object.entries(REGION_KEYS).map(([region, entry]) => [region, shippedKeys(entry, forms)]),
  );
  for (const [region, entry] of Object.entries(extra)) {
    if (keys.has(region) && entry.replace !== true) {
      const message = "this region is shipped; say replace: true to use other keys for it";
      deps.report({ path: ["regions", region], message, severity: "error" });
      continue;
    }
    keys.set(region, await ownKeys(region, entry, forms, deps)); // oxlint-disable-line no-await-in-loop -- a handful, once
  }
  return Object.fromEntries(keys);
}

function shippedKeys(
  { partition, rsa2048, rsa1024 }: (typeof REGION_KEYS)[string],
  forms: readonly IidForm[],
): RegionKeys[string] {
  const small = forms.includes("rsa1024") ? RSA1024_MODULI[rsa1024] : undefined;
  return { partition, rsa2048, ...(small !== undefined && { rsa1024: small }) };
}

/** A form that is not asked for is looked at all the same: what is wrong with it is to show before it is needed. */
async function ownKeys(
  region: string,
  entry: ExtraRegions[string],
  forms: readonly IidForm[],
  deps: SettleDeps,
): Promise<RegionKeys[string]> {
  const keys: { [form in IidForm]?: string } = {};
  for (const form of ["rsa2048", "rsa1024"] as const) {
    const reference = entry[form];
    if (reference === undefined) continue;
    const path = ["regions", region, form];
    const file = await readReference(reference, path, deps);
    if (file === undefined) continue;
    const info = readKey(file);
    const bits = form === "rsa2048" ? 2048 : 1024;
    const fits = info?.type === "RSA" && keyBits(info) === bits && equalBytes(info.e, EXPONENT);
    const usable = fits && (await deps.platform.importPublicKey(info)).ok;
    if (usable && forms.includes(form)) keys[form] = encodeBase64(info.n);
    if (usable) continue;
    const message = `must be one PEM certificate or public key, RSA of ${bits} bits, exponent 65537`;
    deps.report({ path, message, severity: "error" });
  }
  return { partition: entry.partition, ...keys };
}

/** @returns undefined where it is not there, which is reported */
async function readReference(
  reference: string,
  path: ConfigIssue["path"],
  deps: SettleDeps,
): Promise<Uint8Array | undefined> {
  try {
    return await deps.read(reference);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const issue of error.issues) deps.report({ ...issue, path });
    return undefined;
  }
}

function readKey(file: Uint8Array): PublicKeyInfo | undefined {
  const text = utf8Decode(file) ?? "";
  for (const [label, parse] of [
    ["CERTIFICATE", parseCertificate],
    ["PUBLIC KEY", parseSpki],
  ] as const) {
    const blocks = decodePem(text, label, { max: 1 });
    const der = blocks.ok ? blocks.value[0] : undefined;
    if (der === undefined) continue;
    const parsed = parse(der);
    if (parsed.ok) return "info" in parsed.value ? parsed.value.info : parsed.value;
  }
  return undefined;
}
