import { describe, expect, it } from "vitest";
import { azureMsi } from "../../../src/attestors/azure/msi.ts";
import { gcpIit } from "../../../src/attestors/gcp/iit.ts";
import { oidc } from "../../../src/attestors/oidc/oidc.ts";
import type { AttestorDefinition } from "../../../src/attestors/attestor.ts";
import type { Reason } from "../../../src/reasons.ts";
import { accepted, outcome, judge, sample } from "../../conformance/attestor.ts";
import { base64url, dataUrl, fromBase64url } from "../../fakes/token-issuer.ts";
import { build } from "./support.ts";

/** Tokens that Google, Microsoft and GitHub signed. They lie beside the project and are never part of it. */
const files: Readonly<Record<string, string>> = {
  ...import.meta.glob<string>("../../../../shared/vectors/{gcp-iit,azure-msi,oidc}/*.jwt", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
  ...import.meta.glob<string>("../../../../shared/vectors/{gcp-iit,azure-msi,oidc}/*-jwks.json", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
};
const here = Object.keys(files).length > 0;

function file(name: string): string {
  return files[`../../../../shared/vectors/${name}`] ?? "";
}

interface Case {
  readonly token: string;
  readonly definition: AttestorDefinition;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly now: number;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What must fail: the configuration with this changed, and why. */
  readonly refusals: readonly (readonly [Readonly<Record<string, unknown>>, Reason])[];
  readonly warnings: number;
}

const GOOGLE = dataUrl(file("gcp-iit/google-historical-jwks.json"));
const ENTRA = dataUrl(file("azure-msi/entra-historical-jwks.json"));
const GITHUB = dataUrl(file("oidc/github-historical-jwks.json"));
const MICROSOFT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER = "00000000-1111-2222-3333-444444444444";

function google(
  name: string,
  audience: string,
  project: string,
  iat: number,
  claims: object,
): Case {
  return {
    token: file(`gcp-iit/${name}.jwt`).trim(),
    definition: gcpIit,
    settings: { projects: [project], audience, jwks: GOOGLE },
    now: iat + 60,
    claims: { kind: "instance", project_id: project, ...claims },
    refusals: [
      [{ projects: ["another-project"] }, "tenant_not_configured"],
      [
        {
          projects: undefined,
          service_accounts: ["106652250211606546223", "109027309377840089506"],
        },
        "tenant_not_configured",
      ],
      [{ audience: `${audience}/` }, "audience_mismatch"],
      [{ audience: "https://id.prod.example" }, "audience_mismatch"],
      [{ jwks: ENTRA }, "key_unknown"],
    ],
    warnings: 0,
  };
}

function entra(name: string, audience: string, iat: number, claims: object): Case {
  const otherSlash = audience.endsWith("/") ? audience.slice(0, -1) : `${audience}/`;
  return {
    token: file(`azure-msi/${name}.jwt`).trim(),
    definition: azureMsi,
    settings: { tenants: [MICROSOFT], audience, jwks: ENTRA },
    now: iat + 60,
    claims: { kind: "system_assigned", tenant: MICROSOFT, ...claims },
    refusals: [
      [{ tenants: [OTHER] }, "issuer_not_configured"],
      [{ audience: otherSlash }, "audience_mismatch"],
      [{ audience: "api://svidmint" }, "audience_mismatch"],
      [{ jwks: GOOGLE }, "key_unknown"],
    ],
    warnings: 1,
  };
}

const GITHUB_SETTINGS = {
  issuer: "https://token.actions.githubusercontent.com",
  audience: "https://github.com/n-e",
  jwks: GITHUB,
  pin: { claim: "repository_owner_id", values: ["4163707"] },
};

const CASES: Readonly<Record<string, Case>> = {
  "smallstep-cli-1": google(
    "smallstep-cli-1-gce-full",
    "gcp:Kops Provisioner",
    "kops-dev-2019-01",
    1555544268,
    {
      instance_id: "3015378661047007286",
      zone: "us-central1-c",
    },
  ),
  "ncbi-1": google(
    "ncbi-1-gce-full",
    "https://www.ncbi.nlm.nih.gov",
    "gold-optics-262407",
    1596892352,
    {
      instance_name: "instance-1",
      project_number: "1076775697284",
    },
  ),
  "rhsm-1": google(
    "rhsm-1-gce-full",
    "https://subscription.rhsm.redhat.com:443/subscription",
    "fair-kingdom-308514",
    1616596223,
    {
      license_id: ["5731035067256925298"],
    },
  ),
  "infisical-1": google(
    "infisical-1-gce-full",
    "71d1b279-2fe3-4828-85f5-2f4a2fdb02a1",
    "infisical-dev",
    1715962787,
    {
      email: "test-user@infisical-dev.iam.gserviceaccount.com",
      sub: "106448564376038902066",
    },
  ),
  "blobfuse-1": entra("blobfuse-1-vm-system-assigned", "https://storage.azure.com/", 1586821451, {
    principal_id: "7ffb2574-9f6e-4520-8292-614fdefd9fe0",
    resource_type: "microsoft.compute/virtualmachines",
    resource_name: "naradev1604",
    resource_group: "blobfuse-rg",
  }),
  "logicapp-1": entra("logicapp-1-web-sites", "https://management.azure.com", 1694416696, {
    resource:
      "/subscriptions/aafb27de-e728-4cb8-9e68-9afde1d1a849/resourcegroups/logicappstandard/providers/microsoft.web/sites/draclogicapp",
    uti: "24UKQ6oZrkipJHqubOn_AA",
  }),
  "logicapp-2": entra("logicapp-2-web-sites", "https://management.azure.com", 1698975134, {
    resource_name: "draclogicapp",
    uti: "N6oowlsRwUSaz5uhonQkAA",
  }),
  "github-1": {
    token: file("oidc/github-1-ne-playground-2026.jwt").trim(),
    definition: oidc,
    settings: { github: GITHUB_SETTINGS },
    now: 1772542140,
    claims: {
      repository_owner_id: "4163707",
      repository: "n-e/github_playground",
      ref_protected: "false",
      event_name: "workflow_dispatch",
      runner_environment: "github-hosted",
    },
    refusals: [
      [
        {
          github: {
            ...GITHUB_SETTINGS,
            pin: { claim: "repository_owner_id", values: ["4163708"] },
          },
        },
        "tenant_not_configured",
      ],
      [{ github: { ...GITHUB_SETTINGS, pin: "enterprise_id" } }, "claim_missing"],
      [{ github: { ...GITHUB_SETTINGS, audience: "https://github.com/n" } }, "audience_mismatch"],
      [
        { github: { ...GITHUB_SETTINGS, issuer: "https://token.actions.githubusercontent.com/" } },
        "issuer_not_configured",
      ],
      [{ github: { ...GITHUB_SETTINGS, algorithms: ["ES256"] } }, "algorithm_not_allowed"],
      [{ github: { ...GITHUB_SETTINGS, max_lifetime: "299s" } }, "evidence_lifetime"],
      [{ github: { ...GITHUB_SETTINGS, jwks: GOOGLE } }, "key_unknown"],
    ],
    warnings: 0,
  },
};

describe.skipIf(!here).each(Object.entries(CASES))(
  "genuine token %s (skipped where ../shared is absent)",
  (_, one) => {
    const { token, definition, now } = one;
    const judgeWith = async (change: object, text = token, at = now) => {
      const { attestor, issues } = await build(definition, { ...one.settings, ...change });
      return { issues, result: await judge(attestor, { type: definition.type, token: text }, at) };
    };

    it("is believed at its time under its configuration", async () => {
      const { result, issues } = await judgeWith({});
      expect(accepted(result).claims).toMatchObject(one.claims);
      expect(issues.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(issues.length).toBe(one.warnings);
    });

    it("is refused under any other", async () => {
      for (const [change, reason] of one.refusals) {
        expect(outcome((await judgeWith(change)).result)).toBe(reason); // oxlint-disable-line no-await-in-loop
      }
    });

    it("is refused a year later, and a year before", async () => {
      expect(outcome((await judgeWith({}, token, now + 31_536_000)).result)).toBe(
        "evidence_expired",
      );
      expect(outcome((await judgeWith({}, token, now - 31_536_000)).result)).toBe(
        "evidence_not_yet_valid",
      );
    });

    it("attests nothing with any bit of it flipped", async () => {
      const parts = token.split(".").map(fromBase64url);
      const { attestor } = await build(definition, one.settings);
      for (const [index, bytes] of parts.entries()) {
        for (const at of sample(bytes.length * 8, 150)) {
          const flipped = bytes.slice();
          flipped[at >> 3] = flipped[at >> 3]! ^ (1 << (at & 7));
          const text = parts.with(index, flipped).map(base64url).join(".");
          expect(
            outcome(await judge(attestor, { type: definition.type, token: text }, now)),
          ).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
        }
      }
    });

    it("has one spelling", async () => {
      for (const text of [
        `${token}\n`,
        `${token}=`,
        ` ${token}`,
        `${token}.`,
        token.slice(0, -1),
      ]) {
        expect(outcome((await judgeWith({}, text)).result)).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
      }
    });
  },
);

describe.skipIf(!here)("genuine token buildkite-1, whose key is not to be had", () => {
  const buildkite = {
    issuer: "https://agent.buildkite.com",
    audience: "https://zts.athenz.cd.vespa-cloud.com:4443/zts/v1",
    pin: "organization_slug",
    jwks: GITHUB,
  };
  it("is read up to its key", async () => {
    const { attestor } = await build(oidc, { buildkite });
    const token = file("oidc/buildkite-1-vespa.jwt").trim();
    const parsed = attestor.parse({ type: "oidc", token });
    if (!parsed.ok) throw new Error(parsed.error.reason);
    const context = { now: 1724158400 };
    expect(await attestor.precheck(parsed.value, context)).toEqual({
      ok: true,
      value: { name: "oidc.buildkite" },
    });
    expect(outcome(await attestor.verify(parsed.value, context))).toBe("key_unknown");
  });
});
