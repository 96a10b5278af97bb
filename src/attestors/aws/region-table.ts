import { decodeBase64 } from "../../encoding/base64.ts";
import type { PublicKey } from "../../encoding/primitives.ts";
import type { Platform } from "../../platform/platform.ts";
import { fail, ok, type Result } from "../../result.ts";

/** The two forms of a document that can be believed; the DSA one never is. */
export type IidForm = "rsa2048" | "rsa1024";

/** By region: its partition, and the modulus of its key for each form, base64. Plain JSON. */
export type RegionKeys = Readonly<
  Record<string, { readonly partition: string } & { readonly [form in IidForm]?: string }>
>;

/** Which key vouches for which region, and for nothing else. */
export interface RegionTable {
  /** Undefined where there is no such region, or it has no key for this form. */
  partition(region: string, form: IidForm): string | undefined;
  /** The region's one key, imported on its first use. @returns `region_unknown` */
  key(region: string, form: IidForm): Promise<Result<PublicKey>>;
}

/** AWS makes no other. */
export const EXPONENT = new Uint8Array([1, 0, 1]);

export function regionTable(
  keys: RegionKeys,
  platform: Pick<Platform, "importPublicKey">,
): RegionTable {
  const imported = new Map<string, PublicKey>();
  const modulus = (region: string, form: IidForm): string | undefined =>
    Object.hasOwn(keys, region) ? keys[region]?.[form] : undefined;
  return {
    partition: (region, form) =>
      modulus(region, form) === undefined ? undefined : keys[region]?.partition,
    async key(region, form) {
      const known = imported.get(`${form}/${region}`);
      if (known !== undefined) return ok(known);
      const n = decodeBase64(modulus(region, form) ?? "");
      if (!n.ok || n.value.length === 0) return fail("region_unknown");
      const key = await platform.importPublicKey({ type: "RSA", n: n.value, e: EXPONENT });
      if (key.ok) imported.set(`${form}/${region}`, key.value);
      return key;
    },
  };
}
