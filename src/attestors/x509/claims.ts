import type { Claims } from "../../attestation.ts";
import { toHex } from "../../encoding/bytes.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Certificate } from "../../svid/certificate.ts";
import type { GeneralName } from "../../svid/general-name.ts";
import { ATTRIBUTE, attributeTexts } from "../../svid/name.ts";

/**
 * What a verified certificate says of its holder. A name that it has twice is no one name: only the list has it.
 * @param path leaf first, trust anchor last
 */
export async function certificateClaims(
  path: readonly [Certificate, ...Certificate[]],
  entry: string,
  platform: Pick<Platform, "digest">,
): Promise<Claims> {
  const [leaf] = path;
  const issuer = path[1] ?? leaf;
  const fingerprint = async (bytes: Uint8Array) => toHex(await platform.digest("SHA-256", bytes));
  const names = leaf.extensions.subjectAltName?.names ?? [];
  const dnsNames = textsOf(names, "dns");
  const texts = (type: string) => (attributeTexts(leaf.subject, type) ?? []).filter(Boolean);
  return {
    entry,
    fingerprint: await fingerprint(leaf.raw),
    key_fingerprint: await fingerprint(leaf.spki),
    issuer_key_fingerprint: await fingerprint(issuer.spki),
    ca_fingerprint: await fingerprint((path.at(-1) ?? issuer).raw),
    serial: toHex(leaf.serial),
    ...only("common_name", texts(ATTRIBUTE.commonName)),
    ...only("organization", texts(ATTRIBUTE.organization)),
    ...all("organizational_units", texts(ATTRIBUTE.organizationalUnit)),
    ...only("dns_name", dnsNames),
    ...all("dns_names", dnsNames),
    ...all("emails", textsOf(names, "email")),
    ...all("uris", textsOf(names, "uri")),
  };
}

/** Of subject alternative names. */
export function textsOf(names: readonly GeneralName[], type: "dns" | "email" | "uri"): string[] {
  return names.flatMap((name) => (name.type === type && name.value !== "" ? [name.value] : []));
}

function only(claim: string, [value, another]: readonly string[]): Claims {
  return value === undefined || another !== undefined ? {} : { [claim]: value };
}

function all(claim: string, values: readonly string[]): Claims {
  return values.length === 0 ? {} : { [claim]: values };
}
