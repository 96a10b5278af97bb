import { describe, expect, it } from "vitest";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { GOOD, IID, IID_RULE, load, loadDocument, platform, read } from "./config-world.ts";

describe("loadConfig", () => {
  it("takes a good configuration, and rules: []", async () => {
    expect(await load({})).toEqual({ usable: true, errors: [], warnings: [] });
    expect(await load({ rules: [], evidence: IID, claims: undefined })).toMatchObject({
      usable: true,
      errors: [],
    });
  });

  it("says everything that is wrong at once, each thing once", async () => {
    const { errors } = await load({
      trust_domain: "UPPER",
      issuer: "ftp://x",
      evidence: { aws_iid: { accounts: [1] }, gcp_iit: { projects: ["payments-prod"], x: 1 } },
      rules: [{ name: "a", evidence: { azure_msi: {} }, spiffe_id: "x" }],
      deny: [{}],
      claims: { store: "file", p: 1 },
      bundle: { refresh_hint: 5 },
    });
    expect(
      errors
        .map((line) => line.split(":")[0] ?? "")
        .toSorted((one, other) => (one < other ? -1 : 1)),
    ).toEqual([
      "bundle.refresh_hint",
      "claims.p",
      "deny.0",
      "evidence.aws_iid.accounts.0",
      "evidence.gcp_iit.x",
      "issuer",
      "rules.0",
      "rules.0.evidence.azure_msi",
      "rules.0.spiffe_id",
      "trust_domain",
    ]);
  });

  it.each([null, 5, "x", [], [GOOD]])("refuses a document that is %j", async (document) => {
    expect(await loadDocument(document)).toMatchObject({
      usable: false,
      errors: [expect.stringMatching(/^: expected a map/)],
    });
  });

  it.each(["evidence", "bundle", "claims"])(
    "drops no key of %s without a word",
    async (section) => {
      const hostile: unknown = JSON.parse('{ "__proto__": { "gcp_iit": {} } }');
      const { errors } = await load({ [section]: hostile });
      expect(errors).toContainEqual(`${section}.__proto__: a key of this name is not allowed`);
    },
  );

  it("drops no key of the document without a word", async () => {
    const text = JSON.stringify(GOOD).replace("{", '{"__proto__":{"rules":[]},');
    const hostile: unknown = JSON.parse(text);
    const { errors } = await loadDocument(hostile);
    expect(errors).toContainEqual("__proto__: a key of this name is not allowed");
  });

  it("warns where only a trial is safe", async () => {
    const trial = {
      issuer: "http://127.0.0.1:8443",
      evidence: IID,
      rules: IID_RULE,
      claims: { store: "memory" },
    };
    const { usable, warnings } = await load(trial);
    expect(usable).toBe(true);
    expect(warnings).toEqual([
      expect.stringMatching(/^issuer: is plain http/),
      expect.stringMatching(/^claims\.store: memory forgets/),
    ]);
  });

  it("needs no claim store to judge rules, where it is asked only that", async () => {
    const document = { ...GOOD, evidence: IID, rules: IID_RULE };
    const deps = { platform, registry: portableAttestors, read };
    expect((await loadConfig(document, deps)).config).toBeUndefined();
    expect((await loadConfig(document, { ...deps, assumeClaimStore: true })).config).toBeDefined();
  });
});
