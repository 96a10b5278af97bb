import { describe, expect, it } from "vitest";
import { awsIid } from "../../../../src/attestors/aws/iid.ts";
import { azureMsi } from "../../../../src/attestors/azure/msi.ts";
import { gcpIit } from "../../../../src/attestors/gcp/iit.ts";
import { ACCOUNT, cronToken, ISSUER, msiToken, TENANT } from "../../issuer/world.ts";
import { machineClaims, openPlace, PROJECT, refused } from "./support.ts";

/** What is no path segment by its own form, so that no template with it ever gives an identity. */
const NEVER = ["instance_arn", "email", "identity", "resource", "resource_type"];

const declared = (claims: Readonly<Record<string, string>>): string[] =>
  Object.keys(claims).filter((name) => claims[name] !== "strings" && !NEVER.includes(name));
const CLAIMS: Readonly<Record<string, readonly string[]>> = {
  aws_iid: declared(awsIid.factors(awsIid.config().parse({ accounts: [ACCOUNT] }))[0]!.claims),
  gcp_iit: declared(gcpIit.factors(gcpIit.config().parse({ projects: [PROJECT] }))[0]!.claims),
  azure_msi: declared(
    azureMsi.factors(azureMsi.config().parse({ tenants: [TENANT], audience: "api://x" }))[0]!
      .claims,
  ),
  "oidc.cron": ["sub", "job"],
};
/** Every variable that a type has, each in a segment of its own, in one path. */
const path = (name: string): string =>
  `/every-${name}/${CLAIMS[name]?.map((claim) => `{${name}.${claim}}`).join("/")}`;

const place = await openPlace([
  { name: "a", evidence: { aws_iid: { account: ACCOUNT } }, spiffe_id: path("aws_iid") },
  {
    name: "g",
    evidence: { gcp_iit: { kind: "instance", project_id: PROJECT } },
    spiffe_id: path("gcp_iit"),
  },
  {
    name: "m",
    evidence: { azure_msi: { tenant: TENANT } },
    keys_per_token: 1,
    spiffe_id: path("azure_msi"),
  },
  {
    name: "o",
    evidence: { "oidc.cron": {} },
    binding: { "oidc.cron": "audience" },
    spiffe_id: path("oidc.cron"),
  },
]);
const { world, google, alice } = place;

const HOSTILE: Readonly<Record<string, string>> = {
  dots: "..",
  dot: ".",
  "percent dot": "%2e",
  "percent dots and slash": "%2e%2e%2fadmin",
  slash: "a/b",
  unicode: "\u0430dmin",
  "full width": "\uff0e\uff0e",
  empty: "",
  NUL: "a\u0000",
  "over-long": "a".repeat(2049),
  braces: "{aws_iid.account}",
};

type Make = (change?: { readonly member: string; readonly value: string }) => Promise<object>;

const computeOf = ({ google: claim }: Record<string, unknown>): object =>
  (claim as { compute_engine: object }).compute_engine;
const { token } = await msiToken(world);
const msi: Record<string, unknown> = JSON.parse(
  atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")),
);
const MIRID = String(msi["xms_mirid"]);

/** Signed by the cloud as it would sign any other: what is hostile is inside the signature. By member of the document. */
const TYPES: Readonly<Record<string, { make: Make; members: readonly string[] }>> = {
  aws_iid: {
    members: ["accountId", "architecture", "availabilityZone", "imageId", "instanceId"].concat(
      "instanceType",
      "pendingTime",
      "privateIp",
      "region",
    ),
    async make(change) {
      const { rsa2048 } = await world.region.launch({
        account: ACCOUNT,
        instanceId: "i-0123456789abcdef0",
        pendingTime: world.now - 60,
        document: change ? { [change.member]: change.value } : {},
      });
      return { type: "aws_iid", rsa2048 };
    },
  },
  gcp_iit: {
    members: ["sub", "azp", ...Object.keys(computeOf(machineClaims(place)))],
    async make(change) {
      const changes = change && { [change.member]: change.value };
      const compute = machineClaims(place, changes);
      const claims = change && /^(?:sub|azp)$/.test(change.member) ? changes : {};
      return { type: "gcp_iit", token: await google.sign({ ...compute, ...claims }) };
    },
  },
  azure_msi: {
    members: ["tid", "oid", "sub", "appid", "uti", "ver", ...MIRID.split("/").slice(1)],
    async make(change) {
      const { member = "", value = "" } = change ?? {};
      const changed = Object.hasOwn(msi, member)
        ? { [member]: value }
        : { xms_mirid: MIRID.replace(`/${member}`, change ? `/${value}` : "/") };
      const claims = { ...msi, ...(change && changed) };
      return { type: "azure_msi", token: await world.tenant.key.sign(claims) };
    },
  },
  "oidc.cron": {
    members: ["sub", "job"],
    make: (change) => cronToken(world, ISSUER, change && { [change.member]: change.value }),
  },
};

/** Members that an attestor hands on as they stand. */
const TO_TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  aws_iid: ["architecture", "imageId", "instanceType", "privateIp"],
  gcp_iit: ["instance_id", "instance_name", "zone"],
  azure_msi: ["uti"],
  "oidc.cron": ["job", "sub"],
};

describe("hostile values through every template variable, at POST /v1/svids", () => {
  it.each(Object.entries(TYPES))("%s", async (name, { make, members }) => {
    const x509 = { csr: alice.csr };
    const good = await world.post({ evidence: [await make()], x509 });
    const { spiffe_id: id } = (await good.json()) as { spiffe_id: string };
    expect(id.split("/").slice(4)).toHaveLength(CLAIMS[name]?.length ?? 0);
    const reached = new Set<string>();
    for (const member of members)
      for (const [what, value] of Object.entries(HOSTILE)) {
        const evidence = [await make({ member, value })]; // oxlint-disable-line no-await-in-loop
        const told = await refused(place, { evidence, x509 }); // oxlint-disable-line no-await-in-loop
        expect(`${member}, ${what}: ${told}`).toMatch(/: (refused|evidence_rejected): \w+$/);
        if (told.endsWith("template_value_illegal")) reached.add(member);
      }
    expect([...reached].toSorted()).toEqual(TO_TEMPLATES[name]); // the attestor has a form for each of the rest
  });
});
