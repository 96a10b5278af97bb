import { describe, expect, it } from "vitest";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { openPeers } from "../../../src/runtimes/node/peers.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { ACCOUNT, GOOD, KEY, load, platform, read, type Json } from "./config-world.ts";

/** What stands open beside a mistake of form is told with it: nothing waits for another. */

const MISSING = "there is no such file";
const evidence = async (section: Json) =>
  (await load({ evidence: section, rules: [] })).errors.map((line) =>
    line.replace(/: (?!there is no such file).*$/, ""),
  );

describe("a section of evidence whose form is wrong in one place", () => {
  it.each<[string, Json, readonly string[]]>([
    [
      "aws_iid",
      {
        accounts: [1],
        regions: { "eu-x-1": { partition: "aws", rsa2048: "file:x", typo: 1 }, XX: {} },
      },
      ["accounts.0", "regions.eu-x-1.typo", `regions.eu-x-1.rsa2048: ${MISSING}`, "regions.XX"],
    ],
    [
      "aws_iid",
      { acounts: [ACCOUNT], regions: { "eu-x-1": { partition: "aws", rsa2048: "file:x" } } },
      ["accounts", "acounts", `regions.eu-x-1.rsa2048: ${MISSING}`],
    ],
    ["aws_sts", { accounts: [1], audience: "ä" }, ["accounts.0", "audience"]],
    [
      "aws_web_identity",
      { accounts: { [ACCOUNT]: "http://x" }, jwks: { [ACCOUNT]: "file:x" } },
      [`accounts.${ACCOUNT}`, `jwks.${ACCOUNT}: ${MISSING}`],
    ],
    ["aws_nitro", { pcr33: [], root: "file:x" }, ["", "pcr33", `root: ${MISSING}`]],
    [
      "azure_imds",
      { subscriptions: { bad: 1 }, roots: ["file:x", 5], intermediates: "file:y" },
      ["subscriptions.bad", "roots.1", `roots.0: ${MISSING}`, `intermediates: ${MISSING}`],
    ],
    [
      "azure_maa",
      {
        providers: ["https://a.weu.attest.azure.net"],
        jwks: { "https://a.weu.attest.azure.net": "file:x" },
        max_lifetime: 5,
      },
      ["max_lifetime", `jwks.https://a.weu.attest.azure.net: ${MISSING}`],
    ],
    [
      "azure_msi",
      { tenants: ["X"], jwks: "file:x" },
      ["tenants.0", "audience", `jwks: ${MISSING}`],
    ],
    ["gcp_iit", { project: ["x"], jwks: "file:x" }, ["project", "", `jwks: ${MISSING}`]],
    [
      "gcp_confidential_space",
      { projects: ["Not One"], root: "file:x", jwks: "file:y" },
      ["projects.0", `root: ${MISSING}`, `jwks: ${MISSING}`],
    ],
    [
      "oci_instance",
      { tenancies: ["x"], regions: { "us-phoenix-1": "file:x" } },
      ["tenancies.0", `regions.us-phoenix-1: ${MISSING}`],
    ],
    [
      "oidc",
      {
        github: { preset: "github_action", repository_owner_id: ["1"], jwks: "file:x" },
        other: { issuer: 5, pin: "sub", jwks: "file:y" },
        whole: { issuer: "https://whole.example.org", pin: "sub", jwks: "file:z" },
        dev: { dev: true, pin: "issuer", jwks: "file:d", typo: 1 },
      },
      [
        "github.preset",
        "other.issuer",
        "dev.typo",
        `github.jwks: ${MISSING}`,
        `other.jwks: ${MISSING}`,
        `whole.jwks: ${MISSING}`,
        "dev.dev",
        `dev.jwks: ${MISSING}`,
      ],
    ],
    [
      "spiffe",
      { trust_domains: ["Bad!", "unknown.example"], max_lifetime: 5 },
      ["trust_domains.0", "max_lifetime", "trust_domains.1"],
    ],
    [
      "x509_pop",
      { one: { ca: [5, "file:x"] }, two: { peer: "nobody.example" }, three: { ca: 5 } },
      ["one.ca.0", "three.ca", `one.ca.1: ${MISSING}`, "two.peer"],
    ],
  ])(
    "%s %j: tells what else is wrong, and nothing that only follows",
    async (type, section, told) => {
      const expected = told.map((one) => `evidence.${type}${one === "" ? "" : `.${one}`}`);
      expect((await evidence({ [type]: section })).toSorted()).toEqual(expected.toSorted());
    },
  );

  it("does not hide what rules say of its entries that are right, nor blame those of the others", async () => {
    const { errors } = await load({
      evidence: {
        oidc: {
          bad: { issuer: 5, pin: "sub" },
          ci: { preset: "github_actions", repository_owner_id: ["1"] },
        },
      },
      rules: [
        { name: "a", evidence: { "oidc.ci": { repo: "x" } }, spiffe_id: "/a", x509: {} },
        { name: "b", evidence: { "oidc.bad": { repo: "x" } }, spiffe_id: "/b", x509: {} },
      ],
      deny: [{ evidence: "oidc", kind: "x" }],
    });
    expect(errors).toEqual([
      expect.stringMatching(/^evidence\.oidc\.bad\.issuer: /),
      expect.stringMatching(/^rules\.0\.evidence\.oidc\.ci\.repo: /),
    ]);
  });
});

describe("a rule whose evidence is wrong", () => {
  it("is told of a path that is none, and of nothing that hangs on its claims", async () => {
    const rule = { name: "a", evidence: { aws_iid: {} }, x509: {} };
    const { errors } = await load({
      evidence: { aws_iid: { accounts: 5 } },
      rules: [
        { ...rule, spiffe_id: "vm" },
        { ...rule, name: "b", spiffe_id: "/vm/{aws_iid.nothing}" },
      ],
    });
    expect(errors).toEqual([
      expect.stringMatching(/^evidence\.aws_iid\.accounts: /),
      "rules.0.spiffe_id: expected a path that begins with /",
    ]);
  });
});

describe("a store for one instance", () => {
  it.each([true, "yes"])(
    "is not the fault of what is wrong elsewhere: single_instance %j",
    async (single) => {
      const { errors } = await load({
        single_instance: single,
        claims: { store: "file" },
        typo: 1,
      });
      const told = single === true ? ["typo"] : ["single_instance", "typo"];
      expect(errors.map((line) => line.split(": ")[0]).toSorted()).toEqual(told);
    },
  );

  it("is told of beside what is wrong elsewhere", async () => {
    const { errors } = await load({ claims: { store: "file" }, typo: 1 });
    expect(errors).toContainEqual(expect.stringMatching(/^claims\.store: .*single_instance/));
  });
});

describe("an issuer that is wrong", () => {
  it("is not the fault of what an issuer on this machine would allow", async () => {
    const dev = { dev: true, pin: "issuer", jwks: "http://127.0.0.1:1/jwks" };
    for (const issuer of ["htp://127.0.0.1:8443", undefined]) {
      const { errors } = await load({ issuer, evidence: { oidc: { dev } }, rules: [] }); // oxlint-disable-line no-await-in-loop -- two
      expect(errors).toEqual([expect.stringMatching(/^issuer: /)]);
    }
  });
});

/** As `svidmint serve` judges one, with files that are not there. */
async function judged(parts: Json, publicOnly = false): Promise<readonly string[]> {
  const { issues } = await loadConfig(
    { ...GOOD, ...parts },
    {
      platform,
      registry: portableAttestors,
      read,
      openPeers,
      keys: { backends: { local: openLocal }, modes: allModes, env: () => undefined, publicOnly },
    },
  );
  return issues
    .filter(({ severity }) => severity === "error")
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("peers whose form is wrong in one place", () => {
  it("hide nothing of the others, and evidence that names them is not blamed", async () => {
    const errors = await judged({
      peers: {
        "wrong.example": { url: 5 },
        "gone.example": { bundle: "file:x" },
        "Bad!": { url: "https://bad.example/bundle", profile: "https_web" },
      },
      evidence: {
        ...(GOOD["evidence"] as Json),
        spiffe: { trust_domains: ["wrong.example", "gone.example", "nobody.example"] },
        x509_pop: { one: { peer: "wrong.example" }, two: { peer: "nobody.example" } },
      },
    });
    expect(errors.map((line) => line.split(": ")[0]).toSorted()).toEqual([
      "evidence.spiffe.trust_domains.2",
      "evidence.x509_pop.two.peer",
      "peers.Bad!",
      "peers.gone.example.bundle",
      "peers.wrong.example.url",
    ]);
  });
});

describe("keys, where something else is wrong", () => {
  const files = [`keys.x509.0.private_key: ${MISSING}`, `keys.x509.0.certificate: ${MISSING}`];
  const { backend, published_at } = KEY;
  const token = { id: "t", backend, private_key: "env:T", published_at };

  it.each<[string, Json, string]>([
    ["the audit log", { audit: { sink: "syslog" } }, "audit.sink"],
    ["the trust domain", { trust_domain: "UPPER" }, "trust_domain"],
    ["the refresh hint", { bundle: { refresh_hint: 5 } }, "bundle.refresh_hint"],
    ["a rule", { rules: [{}] }, "rules.0.name"],
  ])("are looked at beside what is wrong with %s", async (_, parts, told) => {
    const errors = await judged({ ...parts, keys: { x509: [KEY] } });
    expect(errors).toEqual(expect.arrayContaining(files));
    expect(errors.map((line) => line.split(": ")[0])).toContain(told);
  });

  it("are looked at beside another key whose form is wrong, in its list and elsewhere", async () => {
    const waiting = { ...KEY, id: "l", active_from: "standby", algoritm: "ES256" };
    const errors = await judged({ keys: { x509: [KEY, waiting], jwt: [token] } });
    expect(errors.toSorted()).toEqual(
      [
        "keys.x509.1.algoritm: unknown key",
        ...files,
        ...files.map((line) => line.replace(".0.", ".1.")),
        `keys.jwt.0.private_key: ${MISSING}`,
      ].toSorted(),
    );
  });

  it("are not asked for files that may be gone", async () => {
    const removed = { ...KEY, removed_at: "2026-02-01T00:00:00Z" };
    const successor = { ...KEY, id: "l", published_at: "2026-03-01T00:00:00Z" };
    for (const first of [removed, { ...KEY, published_at: "2026-01-02T00:00:00Z" }]) {
      const errors = await judged({ keys: { x509: [first, successor], typo: [] } }); // oxlint-disable-line no-await-in-loop -- two
      expect(errors).toHaveLength(3);
      expect(errors).toEqual(
        expect.arrayContaining(files.map((line) => line.replace(".0.", ".1."))),
      );
    }
    const unknown = { ...successor, published_at: "soon" };
    const errors = await judged({ keys: { x509: [KEY, unknown] } });
    expect(errors).toEqual([expect.stringMatching(/^keys\.x509\.1\.published_at: /)]);
  });

  it("are opened without their private halves where those are not at hand", async () => {
    expect(await judged({ keys: { x509: [KEY] } }, true)).toEqual([files[1]]);
    expect(await judged({ keys: { x509: [KEY] }, audit: {} }, true)).toEqual(
      expect.arrayContaining([files[1]]),
    );
  });

  it("are left to whoever opens them where nothing else is wrong", async () => {
    expect(await judged({ keys: { x509: [KEY] } })).toEqual([]);
  });
});
