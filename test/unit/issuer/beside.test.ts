import { describe, expect, it } from "vitest";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { checkBeside, NeighbourError, Neighbours } from "../../../src/issuer/beside.ts";
import { loadConfig, type Config } from "../../../src/issuer/config.ts";
import { ACCOUNT, IID, IID_RULE, platform, read, type Json } from "./config-world.ts";

async function config(name: string, parts: Json = {}): Promise<Config> {
  const document = {
    trust_domain: `${name}.example`,
    issuer: `https://${name}.example`,
    rules: [],
    ...parts,
  };
  const loaded = await loadConfig(document, { platform, registry: portableAttestors, read });
  if (loaded.config === undefined) throw new Error(JSON.stringify(loaded.issues));
  return loaded.config;
}

const names = (...thumbprints: readonly string[]) => ({
  names: {
    x509: new Map(thumbprints.map((thumbprint) => [`id-${thumbprint}`, thumbprint])),
    jwt: new Map<string, string>(),
    wit: new Map<string, string>(),
  },
});

/** What is wrong with `b.yaml` beside `a.yaml`. */
async function beside(a: Json, b: Json): Promise<string[]> {
  const neighbour = async (name: string, parts: Json) => ({
    file: `${name}.yaml`,
    config: await config(name, parts),
    folders: [],
  });
  return checkBeside(await neighbour("b", b), await neighbour("a", a)).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
}

describe("two configurations of one deployment", () => {
  it("stand beside each other where nothing is in common", async () => {
    expect(await beside({}, {})).toEqual([]);
    expect(await beside({ issuer: "https://x/a" }, { issuer: "https://x/ab" })).toEqual([]);
    expect(await beside({ issuer: "https://x" }, { issuer: "https://x:8443" })).toEqual([]);
  });

  it("have a trust domain each", async () => {
    expect(await beside({ trust_domain: "c.example" }, { trust_domain: "c.example" })).toEqual([
      "trust_domain: is that of a.yaml, too: each configuration has its own",
    ]);
  });

  it.each([
    ["https://x.example", "https://x.example"],
    ["https://x.example", "https://X.example"],
    ["https://x.example", "https://x.example:443"],
    ["https://x.example", "https://x.example/a"],
    ["https://x.example/a", "https://x.example"],
    ["https://x.example/a/b", "https://x.example/a"],
    ["http://localhost", "https://localhost"],
    ["http://localhost", "https://localhost:80"],
    ["http://localhost:8443", "https://localhost:8443"],
  ])("are not found at %s and %s", async (one, other) => {
    const [found, ...more] = await beside({ issuer: one }, { issuer: other });
    expect(found).toMatch(/^issuer: is at or below .* of a\.yaml/);
    expect(more).toEqual([]);
  });

  it("share no key", async () => {
    const [a, b] = [await config("a"), await config("b")];
    const one = { file: "b.yaml", config: b, folders: [], keys: names("t1", "t2") };
    const other = { file: "a.yaml", config: a, folders: [], keys: names("t2", "t3") };
    expect(checkBeside(one, other)).toEqual([
      {
        path: ["keys", "x509"],
        message: "id-t2 is a key of a.yaml, too: no key signs for two trust domains",
        severity: "error",
      },
    ]);
    expect(checkBeside(one, { ...other, keys: names("t3") })).toEqual([]);
  });

  it("share no folder of keys or claims", async () => {
    const [a, b] = [await config("a"), await config("b")];
    const one = { file: "b.yaml", config: b, folders: ["/srv/.svidmint"] };
    const [issue] = checkBeside(one, { ...one, file: "a.yaml", config: a });
    expect(issue?.message).toContain("/srv/.svidmint, as a.yaml does");
  });
});

describe("evidence that belongs to its first user", () => {
  const claims = { store: "dynamodb", table: "svidmint", region: "eu-central-1" };
  const iid = (more: Json = {}): Json => ({
    evidence: { aws_iid: { accounts: [ACCOUNT], ...more } },
    rules: IID_RULE,
    claims,
  });

  it("of one customer is taken by one of them, unless both say that they share", async () => {
    const [found, ...more] = await beside(iid(), iid());
    expect(more).toEqual([]);
    expect(found).toMatch(/^evidence\.aws_iid: a\.yaml believes account 111122223333, too/);
    expect(found).toContain("shared: true in both");
    expect(await beside(iid({ shared: true }), iid())).toHaveLength(1);
    expect(await beside(iid(), iid({ shared: true }))).toHaveLength(1);
    expect(await beside(iid({ shared: true }), iid({ shared: false }))).toHaveLength(1);
    expect(await beside(iid({ shared: false }), iid({ shared: true }))).toHaveLength(1);
    expect(await beside(iid({ shared: true }), iid({ shared: true }))).toEqual([]);
    const another = { evidence: { aws_iid: { accounts: ["444455556666"] } } };
    expect(await beside(iid(), another)).toEqual([]);
    // Listed is enough: a rule may follow any day.
    expect(await beside(iid(), { evidence: IID })).toHaveLength(1);
  });

  it("is named customer by customer", async () => {
    const tenants = [
      "6f0c0000-0000-4000-8000-00000000abcd",
      "6f0c0000-0000-4000-8000-00000000abce",
    ];
    const msi = (which: readonly string[]): Json => ({
      evidence: { azure_msi: { tenants: which, audience: "api://x" } },
    });
    const [found] = await beside(msi(tenants), msi(tenants.slice(1)));
    expect(found).toContain(`tenant ${tenants[1]},`);
    expect(found).not.toContain(tenants[0]);
  });

  it("counts where a rule takes it unbound: bound to a key it is for one URL alone", async () => {
    const subscription = "6f0c0000-0000-4000-8000-00000000abce";
    const tenant = "6f0c0000-0000-4000-8000-00000000abcd";
    const taking = (binding: string, name = "vm"): Json => ({
      name,
      evidence: { azure_imds: { subscription } },
      binding: { azure_imds: binding },
      spiffe_id: `/${name}/{azure_imds.vm_id}`,
      x509: {},
    });
    const evidence = { azure_imds: { subscriptions: { [subscription]: tenant } } };
    const imds = (binding: string, more: Json = {}): Json => ({
      evidence: { azure_imds: { ...evidence.azure_imds, ...more } },
      rules: [taking(binding)],
      claims,
    });
    expect(await beside(imds("key"), imds("key"))).toEqual([]);
    expect(await beside(imds("none"), imds("key"))).toEqual([]);
    const [found] = await beside(imds("none"), imds("none"));
    expect(found).toContain(`evidence.azure_imds: a.yaml believes subscription ${subscription}`);
    const mixed = { evidence, rules: [taking("key", "strict"), taking("none")], claims };
    expect(await beside(mixed, mixed)).toHaveLength(1);
    // How another piece of evidence is taken says nothing of this one.
    const apart = (account: string): Json => ({
      evidence: { ...evidence, aws_iid: { accounts: [account] } },
      rules: [taking("key", "strict"), { ...IID_RULE[0], evidence: { aws_iid: { account } } }],
      claims,
    });
    expect(await beside(apart(ACCOUNT), apart("444455556666"))).toEqual([]);
    const shared = { shared: true };
    expect(await beside(imds("none", shared), imds("none", shared))).toEqual([]);
  });
});

it("another version of a configuration is judged beside those then in force", async () => {
  const neighbours = new Neighbours();
  const one = { file: "a.yaml", config: await config("a"), folders: [] };
  neighbours.join(one);
  neighbours.join({ file: "b.yaml", config: await config("b"), folders: [] });
  const moved = {
    file: "b.yaml",
    config: await config("b", { issuer: "https://a.example/b" }),
    folders: [],
  };
  expect(() => neighbours.admit(moved)).toThrow(NeighbourError);
  neighbours.enter({ ...one, config: await config("a", { issuer: "https://c.example" }) });
  neighbours.admit(moved);
});
