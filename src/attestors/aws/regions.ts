import * as z from "zod/mini";
import { decodeBase64 } from "../../encoding/base64.ts";
import { utf8Decode } from "../../encoding/bytes.ts";
import { decodePem } from "../../encoding/pem.ts";
import type { PublicKey, PublicKeyInfo } from "../../encoding/primitives.ts";
import { keyBits, parseSpki } from "../../encoding/public-key.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseCertificate } from "../../svid/certificate.ts";
import type { AttestorDeps } from "../attestor.ts";
import { REGION_KEYS, RSA1024_MODULI } from "./region-keys.ts";

/** The two forms of a document that can be believed; the DSA one never is. */
export type IidForm = "rsa2048" | "rsa1024";

const EXPONENT = new Uint8Array([1, 0, 1]);

const certificate = z.string().check(z.minLength(1), z.maxLength(16_384));
/** `regions:` of the configuration: those that AWS opened after this table was made, or lists on no public page. */
export const extraRegions = z.record(
  z.string().check(z.regex(/^[a-z]{2,8}(?:-[a-z0-9]{1,16}){1,4}$/)),
  z.strictObject({
    partition: z.string().check(z.regex(/^aws(?:-[a-z0-9]{1,16}){0,3}$/)),
    /** `file:`, `data:` or `env:` of one PEM certificate or public key; a certificate's dates are not looked at. */
    rsa2048: certificate,
    rsa1024: z.optional(certificate),
    /** Must be said to take the place of a region that is shipped. */
    replace: z.optional(z.boolean()),
  }),
);
type ExtraRegions = z.infer<typeof extraRegions>;

/** Which key vouches for which region, and for nothing else. */
export interface RegionTable {
  /** Undefined where there is no such region, or it has no key for this form. */
  partition(region: string, form: IidForm): string | undefined;
  /** The region's one key, imported on its first use. @returns `region_unknown` */
  key(region: string, form: IidForm): Promise<Result<PublicKey>>;
}

/** The shipped regions and the operator's. Entries that cannot be used are reported, and are not there. */
export async function regionTable(
  extra: ExtraRegions,
  deps: Pick<AttestorDeps, "platform" | "read" | "report">,
): Promise<RegionTable> {
  const own = new Map<string, Partial<Record<IidForm, PublicKey>>>();
  for (const [region, entry] of Object.entries(extra)) {
    if (Object.hasOwn(REGION_KEYS, region) && entry.replace !== true) {
      const message = "this region is shipped; say replace: true to use other keys for it";
      deps.report({ path: ["regions", region], message, severity: "error" });
      continue;
    }
    own.set(region, await loadKeys(region, entry, deps));
  }

  const imported = new Map<string, PublicKey>();
  return {
    partition(region, form) {
      const keys = own.get(region);
      if (keys !== undefined) return keys[form] && extra[region]?.partition;
      return Object.hasOwn(REGION_KEYS, region) ? REGION_KEYS[region]?.partition : undefined;
    },
    async key(region, form) {
      const keys = own.get(region);
      const known = keys === undefined ? imported.get(`${form}/${region}`) : keys[form];
      if (known !== undefined) return ok(known);
      const info = keys === undefined ? shippedKey(region, form) : undefined;
      if (info === undefined) return fail("region_unknown");
      const key = await deps.platform.importPublicKey(info);
      if (key.ok) imported.set(`${form}/${region}`, key.value);
      return key;
    },
  };
}

function shippedKey(region: string, form: IidForm): PublicKeyInfo | undefined {
  const entry = Object.hasOwn(REGION_KEYS, region) ? REGION_KEYS[region] : undefined;
  if (entry === undefined) return undefined;
  const modulus = form === "rsa2048" ? entry.rsa2048 : RSA1024_MODULI[entry.rsa1024];
  const n = decodeBase64(modulus ?? "");
  return n.ok ? { type: "RSA", n: n.value, e: EXPONENT } : undefined;
}

async function loadKeys(
  region: string,
  entry: ExtraRegions[string],
  deps: Pick<AttestorDeps, "platform" | "read" | "report">,
): Promise<Partial<Record<IidForm, PublicKey>>> {
  const keys: Partial<Record<IidForm, PublicKey>> = {};
  for (const form of ["rsa2048", "rsa1024"] as const) {
    const reference = entry[form];
    if (reference === undefined) continue;
    const info = readKey(await deps.read(reference));
    const fits = info?.type === "RSA" && keyBits(info) === (form === "rsa2048" ? 2048 : 1024);
    const key = fits ? await deps.platform.importPublicKey(info) : undefined;
    if (key?.ok) keys[form] = key.value;
    else {
      const message = `must be one PEM certificate or public key, RSA of ${form.slice(3)} bits`;
      deps.report({ path: ["regions", region, form], message, severity: "error" });
    }
  }
  return keys;
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
