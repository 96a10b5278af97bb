import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import { SOURCES } from "../../../../src/client/node/sources.ts";
import { attestors } from "../../../../src/runtimes/node/attestors.ts";
import { simulateGoogle } from "../../../fakes/gcp-metadata.ts";
import { simulateRegion } from "../../../fakes/aws-metadata.ts";
import { simulateTenant } from "../../../fakes/azure-metadata.ts";
import { json, quickly, temporaryFolders } from "../run.ts";
import { evidence, place, places, refusal, SOURCE_NAMES } from "./place.ts";

const { serve } = places();
const folder = temporaryFolders();
const ISSUER = "https://id.example.org";

async function google(): Promise<string> {
  const metadata = (await simulateGoogle()).metadata({
    serviceAccount: { email: "a@b.iam.gserviceaccount.com", uniqueId: "104070955682298736149" },
  });
  return new URL(await serve(metadata)).host;
}

/** A folder with a key, and what S is for it. */
async function workload(configuration?: string) {
  const cwd = await folder();
  const { s } = json(await quickly(["key", "new", "--issuer", ISSUER, "--json"], { cwd }));
  if (configuration !== undefined) await writeFile(join(cwd, "svidmint.yaml"), configuration);
  return { cwd, s: String(s), jkt: String(s).split("/jkt/")[1] ?? "" };
}

const CONFIGURATION = `
issuer: ${ISSUER}
evidence:
  gcp_iit: { audience: "https://google.example.org" }
  azure_msi: { audience: ["api://first", "api://second"] }
  oidc:
    one: { preset: github_actions, audience: "https://one.example.org" }
    two: { preset: github_actions, audience: "https://two.example.org" }
`;

describe("what evidence is made for", () => {
  const GCP = ["gcp_iit"];
  const audienceOf = async (args: readonly string[], cwd: string) =>
    decodeJwt((await evidence([...GCP, ...args], { cwd })).token).aud;

  it("is S of the key, or of the request's key, or what is told", async () => {
    place({ GCE_METADATA_HOST: await google() });
    const { cwd, s } = await workload();
    expect(await audienceOf(["--csr", "svid.csr", "--issuer", ISSUER], cwd)).toBe(s);
    expect(await audienceOf(["--key", "svid.key", "--issuer", ISSUER], cwd)).toBe(s);
    expect(await audienceOf(["--audience", ISSUER], cwd)).toBe(ISSUER);
  });

  it("begins as the configuration says for this evidence, else with its issuer", async () => {
    place({ GCE_METADATA_HOST: await google() });
    const { cwd, s, jkt } = await workload(CONFIGURATION);
    const csr = ["--csr", "svid.csr"];
    expect(await audienceOf(csr, cwd)).toBe(`https://google.example.org/jkt/${jkt}`);
    await writeFile(join(cwd, "plain.yaml"), `issuer: ${ISSUER}\n`);
    expect(await audienceOf([...csr, "--config", "plain.yaml"], cwd)).toBe(s);
  });

  it("is of the entry that is named, where several are meant", async () => {
    const { cwd, jkt } = await workload(CONFIGURATION);
    const asked: (string | null)[] = [];
    const url = await serve(async (request) => {
      asked.push(new URL(request.url).searchParams.get("audience"));
      return Response.json({ value: "a.b.c" });
    });
    place({ ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "x" });
    const args = ["github_actions", "--csr", "svid.csr"];
    expect(await refusal(args, { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("say --entry"),
    });
    expect((await evidence([...args, "--entry", "two"], { cwd }))["entry"]).toBe("two");
    expect(asked).toEqual([`https://two.example.org/jkt/${jkt}`]);
  });

  it.each([
    [["gcp_iit"], "give one of --csr, --key and --audience"],
    [["gcp_iit", "--csr", "svid.csr", "--key", "svid.key"], "give one of"],
    [["gcp_iit", "--csr", "svid.csr"], "say for which issuer"],
    [["gcp_iit", "--csr", "svid.key", "--issuer", ISSUER], "not one certificate request"],
    [["gcp_iit", "--csr", "svid.csr", "--issuer", `${ISSUER}/`], "no slash at its end"],
    [["gcp_iit", "--audience", "a b"], "without spaces"],
    [["gcp_iit", "--audience", ISSUER, "--entry", "x"], "unknown option"],
    [["azure_msi"], "say --audience"],
    [["azure_msi", "--csr", "svid.csr"], "unknown option"],
    [["auto", "--licenses"], "unknown option"],
  ])("%j is wrong usage", async (args, message) => {
    place({ GCE_METADATA_HOST: await google() });
    const { cwd } = await workload();
    const { code, stderr } = await refusal(args, { cwd });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("is told beside the evidence with --json, and left out with --bare", async () => {
    place({ GCE_METADATA_HOST: await google() });
    const { cwd } = await workload();
    const run = (...args: string[]) =>
      quickly(["evidence", "gcp_iit", "--audience", ISSUER, ...args], { cwd });
    const told = json(await run("--json"));
    expect(told).toMatchObject({
      source: "gcp_iit",
      audience: ISSUER,
      expires_at: expect.any(Number),
      evidence: { type: "gcp_iit", token: expect.any(String) },
    });
    expect((await run("--bare")).stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });
});

describe("svidmint evidence auto", () => {
  const AUTO = ["evidence", "auto", "--audience", ISSUER];

  it("believes the environment before any metadata service, and says so", async () => {
    const asked = vi.fn<() => Promise<Response>>(async () => new Response("EC2"));
    const url = await serve(asked);
    place({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url, SVIDMINT_ID_TOKEN: "a.b.c", GITLAB_CI: "1" });
    const ran = await quickly(AUTO);
    expect(ran.stderr).toBe(
      "svidmint: gitlab: SVIDMINT_ID_TOKEN is set\nsvidmint: this evidence names no key: send it to the issuer and to nobody else\n",
    );
    expect(json(ran)).toEqual({ type: "oidc", token: "a.b.c" });
    expect(asked).not.toHaveBeenCalled();
  });

  it("recognises a job that may not have what it needs, and says what that is", async () => {
    place({ GITHUB_ACTIONS: "true" });
    const { stderr } = await refusal(["auto", "--audience", ISSUER]);
    expect(stderr).toContain("github_actions: GITHUB_ACTIONS is set");
    expect(stderr).toContain("id-token: write");
  });

  it("recognises each cloud by its metadata service", async () => {
    const tenant = await simulateTenant("6f0c2d1e-7a3b-4c5d-8e9f-0a1b2c3d4e5f");
    const machine = tenant.machine({
      clientId: "1c2b3a49-5867-4a5b-9c8d-7e6f5a4b3c2d",
      objectId: "2d3c4b5a-6978-4b6c-8d9e-8f7a6b5c4d3e",
      resourceId: "/subscriptions/0d2f4b6a-8c1e-4f3a-9b5d-7e6c5a4b3c2d",
      attest: async () => "MIIC",
    });
    const region = await simulateRegion("eu-central-1");
    const vm = await region.launch({ account: "1", instanceId: "i-0", pendingTime: 1_800_000_000 });
    const seen: Record<string, string>[] = [
      { GCE_METADATA_HOST: await google() },
      { AZURE_POD_IDENTITY_AUTHORITY_HOST: await serve(machine) },
      { AWS_EC2_METADATA_SERVICE_ENDPOINT: await serve(vm.fetch) },
    ];
    const chosen: unknown[] = [];
    for (const env of seen) {
      place(env);
      const ran = await quickly([...AUTO, "--explain"]); // oxlint-disable-line no-await-in-loop -- one place after the other
      chosen.push(json(ran)["type"]);
      expect(ran.stderr).toContain("github_actions: nothing shows it\n");
      expect(ran.stderr).toContain("no metadata service answers\n");
    }
    expect(chosen).toEqual(["gcp_iit", "azure_imds", "aws_iid"]);
  });

  it("says that it recognises nothing, soon", async () => {
    place();
    const { code, stderr } = await refusal(["auto", "--audience", ISSUER]);
    expect(code).toBe(1);
    expect(stderr).toContain("nothing here is recognised");
  });
});

describe("every source", () => {
  it.each([...SOURCE_NAMES, "auto", "dev"])("%s has help with an example", async (name) => {
    const { code, stdout } = await quickly(["evidence", name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`  svidmint evidence ${name}`);
    expect(stdout).toContain("--json");
  });

  it("is of a type that an issuer knows, and each type has one", async () => {
    const loaded = await Promise.all(Object.values(SOURCES).map(({ load }) => load()));
    const types = new Set(loaded.map(({ source }) => source.type));
    expect([...types].toSorted()).toEqual(attestors.map(({ type }) => type).toSorted());
  });

  it("stands in the table of docs/evidence.md", async () => {
    const page = await readFile(new URL("../../../../docs/evidence.md", import.meta.url), "utf8");
    const table = page.split("\n## Sources\n")[1]?.split("\n## ")[0] ?? "";
    const named = [...table.matchAll(/^\|[^|]*\| `([a-z0-9_]+)[` ]/gm)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set([...SOURCE_NAMES, "dev"]));
  });

  it("stands in the list of its family, and a stranger does not", async () => {
    const { stdout } = await quickly(["evidence", "--help"]);
    for (const name of SOURCE_NAMES) expect(stdout).toContain(`  evidence ${name} `);
    expect((await quickly(["evidence", "carrier_pigeon"])).code).toBe(2);
  });
});
