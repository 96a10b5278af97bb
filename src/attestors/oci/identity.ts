import { fail, ok, type Result } from "../../result.ts";
import type { Certificate } from "../../svid/certificate.ts";
import { ATTRIBUTE, attributeTexts } from "../../svid/name.ts";

/** Whose certificate it is, by its own words. */
export interface OciIdentity {
  readonly instance: string;
  readonly compartment: string;
  readonly tenancy: string;
  /** `us-phoenix-1` */
  readonly region: string;
  /** `oc1`: the commercial one */
  readonly realm: string;
}

/** How the oldest regions are written in identifiers; all others stand there with their name. */
const REGION_CODES: ReadonlyMap<string, string> = new Map([
  ["phx", "us-phoenix-1"],
  ["iad", "us-ashburn-1"],
  ["fra", "eu-frankfurt-1"],
  ["lhr", "uk-london-1"],
]);

/**
 * What the organizational units of an instance certificate say: each of the four exactly once. The order in which
 * they stand means nothing, and units that Oracle adds are ignored.
 * @returns `claim_missing` | `claim_value` | `not_a_workload`
 */
export function readIdentity({ subject }: Certificate): Result<OciIdentity> {
  const units = attributeTexts(subject, ATTRIBUTE.organizationalUnit);
  if (units === undefined) return fail("claim_value", "organizational units");
  const values = new Map<string, string>();
  for (const unit of units) {
    const colon = unit.indexOf(":");
    const name = unit.slice(0, Math.max(colon, 0));
    if (values.has(name) && name.startsWith("opc-")) return fail("claim_value", `${name} twice`);
    values.set(name, unit.slice(colon + 1));
  }
  const [instance, compartment, tenancy, kind] = [
    "opc-instance",
    "opc-compartment",
    "opc-tenant",
    "opc-certtype",
  ].map((name) => values.get(name));
  if (
    instance === undefined ||
    compartment === undefined ||
    tenancy === undefined ||
    kind === undefined
  )
    return fail("claim_missing", "opc-instance, opc-compartment, opc-tenant or opc-certtype");
  if (kind !== "instance") return fail("not_a_workload", "opc-certtype");
  const of = parseOcid(instance, ["instance"]);
  const within = parseOcid(compartment, ["compartment", "tenancy"]);
  const by = parseOcid(tenancy, ["tenancy"]);
  if (of === undefined || within === undefined || by === undefined || of.region === "")
    return fail("claim_value", "not an identifier of its kind");
  if (of.realm !== by.realm || within.realm !== by.realm)
    return fail("claim_value", "identifiers of different realms");
  const region = REGION_CODES.get(of.region) ?? of.region;
  return ok({ instance, compartment, tenancy, region, realm: of.realm });
}

/** @see https://docs.oracle.com/iaas/Content/General/Concepts/identifiers.htm */
function parseOcid(
  text: string,
  kinds: readonly string[],
): { realm: string; region: string } | undefined {
  if (text.length > 255) return undefined;
  const parts =
    /^ocid1\.([a-z]+)\.([a-z0-9]{2,16})\.([a-z0-9-]{0,32})(?:\.[a-z0-9-]{1,32})?\.[a-z0-9]{1,128}$/.exec(
      text,
    );
  const [, kind = "", realm = "", region = ""] = parts ?? [];
  return kinds.includes(kind) ? { realm, region } : undefined;
}
