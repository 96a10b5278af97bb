import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { claimsResponse } from "../../../src/handlers/claims.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { FakeAzureTable } from "../../fakes/azure-table.ts";
import { FakeDynamodb } from "../../fakes/dynamodb.ts";
import { FakeFirestore } from "../../fakes/firestore.ts";
import { listen, type Listening } from "../../fakes/node/listen.ts";
import { json, quickly, temporaryFolders, type Ran } from "./run.ts";

const KEY = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea";
const OWNER = `-${"A".repeat(42)}`;
const newFolder = temporaryFolders();
const served: Listening[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(served.splice(0).map((one) => one.close()));
});

async function start(handler: (request: Request) => Promise<Response>): Promise<string> {
  const listening = await listen(handler);
  served.push(listening);
  return listening.url;
}

/** A configuration whose claims lie there, and the command beside it. */
async function configured(claims: string): Promise<(...args: string[]) => Promise<Ran>> {
  const cwd = await newFolder();
  const text = `trust_domain: dev.example.org
issuer: https://id.example.org
evidence: { aws_iid: { accounts: ["111122223333"] } }
claims: ${claims}
rules: []
`;
  await writeFile(join(cwd, "svidmint.yaml"), text);
  return (...args) => quickly(["claims", ...args], { cwd });
}

type Place = () => Promise<string>;
const PLACES: readonly [string, Place][] = [
  [
    "DynamoDB, with credentials of the environment",
    async () => {
      vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", "hunter2");
      const url = await start(new FakeDynamodb().handle);
      return `{ store: dynamodb, table: claims, region: eu-central-1, endpoint: "${url}" }`;
    },
  ],
  [
    "Azure Table Storage, with the account's key",
    async () => {
      vi.stubEnv("STORE_KEY", "aHVudGVyMg==");
      const url = await start(new FakeAzureTable().handle);
      return `{ store: azure_table, account: acct, table: claims, key: env:STORE_KEY, endpoint: "${url}" }`;
    },
  ],
  [
    "Firestore, with tokens of the metadata server",
    async () => {
      const token = { access_token: "ya29", expires_in: 3599, token_type: "Bearer" };
      const metadata = await start(async () => Response.json(token));
      vi.stubEnv("GCE_METADATA_HOST", new URL(metadata).host);
      const url = await start(new FakeFirestore().handle);
      return `{ store: firestore, project: prod-1, endpoint: "${url}" }`;
    },
  ],
];

describe("svidmint claims over a store that instances share", () => {
  it.each(PLACES)("works on %s", async (_, place) => {
    const claims = await configured(await place());
    expect(await claims("show", KEY)).toMatchObject({ code: 1, stderr: "" });
    expect(await claims("assign", KEY, OWNER)).toMatchObject({ code: 0, stderr: "" });
    const shown = json(await claims("show", KEY, "--json"));
    expect(shown).toMatchObject({ key: KEY, claimed: true, owners: [{ owner: OWNER }] });
    expect(await claims("release", KEY, "--owner", "B".repeat(43))).toMatchObject({ code: 1 });
    expect(await claims("ban", KEY)).toMatchObject({ code: 0, stdout: "banned\n" });
    expect((await claims("show", KEY)).stdout).toMatch(/banned +yes/);
    expect(await claims("release", KEY)).toMatchObject({ code: 0 });
    expect(await claims("show", KEY)).toMatchObject({ code: 1 });
    const all = await claims("show");
    expect(all).toMatchObject({ code: 2, stdout: "" });
    expect(all.stderr).toContain("does not list its claims");
  });

  it("says why it cannot, and tells no secret", async () => {
    vi.stubEnv("STORE_KEY", "aHVudGVyMg==");
    const url = await start(async () => new Response("hunter2", { status: 403 }));
    const at = `store: azure_table, account: acct, table: claims, endpoint: "${url}"`;
    const refused = await (await configured(`{ ${at}, key: env:STORE_KEY }`))("show", KEY);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("Azure Table Storage refuses: status 403");
    const unset = await (await configured(`{ ${at}, key: env:NO_SUCH_KEY }`))("show", KEY);
    expect(unset).toMatchObject({ code: 2, stdout: "" });
    expect(unset.stderr).toMatch(/svidmint.yaml:4:1: error: claims: .*NO_SUCH_KEY is not set/);
    expect(refused.stderr + unset.stderr).not.toContain("hunter2");
  });

  it("works on Durable Objects by the operators' Worker, and says what that takes", async () => {
    const token = "0123456789abcdef0123456789abcdef";
    const store = memoryStore();
    const url = await start((request) => claimsResponse(request, store, token, () => undefined));
    const claims = await configured(`{ store: durable_object, admin: "${url}" }`);
    const unset = await claims("show", KEY);
    expect(unset).toMatchObject({ code: 2, stdout: "" });
    expect(unset.stderr).toContain("SVIDMINT_CLAIMS_TOKEN is not set");
    vi.stubEnv("SVIDMINT_CLAIMS_TOKEN", token);
    expect(await claims("assign", KEY, OWNER)).toMatchObject({ code: 0, stderr: "" });
    expect((await store.show(KEY))?.owners).toMatchObject([{ owner: OWNER }]);
    expect(await claims("show")).toMatchObject({ code: 2, stdout: "" });
    vi.stubEnv("SVIDMINT_CLAIMS_TOKEN", "another");
    expect(await claims("show", KEY)).toMatchObject({ code: 1, stdout: "" });
    const unnamed = await (await configured("{ store: durable_object }"))("show", KEY);
    expect(unnamed).toMatchObject({ code: 2, stdout: "" });
    expect(unnamed.stderr).toContain("claims.admin");
  });
});
