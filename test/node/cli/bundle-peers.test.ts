import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { snapshotsIn } from "../../../src/federation/snapshots.ts";
import { openFileStore } from "../../../src/stores/node/file.ts";
import { openFile } from "../../../src/runtimes/node/file-store.ts";
import { peerFolder } from "../../../src/runtimes/node/peer-folder.ts";
import { listen, type Listening } from "../../fakes/node/listen.ts";
import { json, quickly, temporaryFolders, type Ran } from "./run.ts";
import { makeTrustDomain } from "./trust-domain.ts";

/** Whose bundle is served, and who asks for it. */
const PEER = "prod.example.org";
const OWN = "dev.example.org";
const newFolder = temporaryFolders();
const served: Listening[] = [];
let document = "";
let folder = "";

beforeAll(async () => {
  const peer = await newFolder();
  await makeTrustDomain(peer);
  await quickly(["bundle", "publish", "--to", "file:b.json"], { cwd: peer });
  document = await readFile(join(peer, "b.json"), "utf8");
  folder = await newFolder();
});
afterEach(async () => {
  await Promise.all(served.splice(0).map((one) => one.close()));
});

async function peerServes(text: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const one = await listen(async () => new Response(text, { headers }));
  served.push(one);
  return `${one.url}/bundle`;
}

async function configured(
  entry: string,
  claims = "claims: { store: file }",
  single = true,
): Promise<void> {
  const text = `trust_domain: ${OWN}
issuer: https://id.example.org
single_instance: ${single}
evidence: { aws_iid: { accounts: ["111122223333"] } }
peers:
  ${PEER}: ${entry}
${claims}
rules: []
`;
  await writeFile(join(folder, "svidmint.yaml"), text);
}

const bundle = (...args: string[]): Promise<Ran> => quickly(["bundle", ...args], { cwd: folder });
const web = (url: string, more = ""): string =>
  `{ url: "${url}", profile: https_web, allow_private_addresses: true${more} }`;

describe("svidmint bundle get", () => {
  it("fetches as the peer's entry says", async () => {
    await configured(web(await peerServes(document)));
    expect(await bundle("get", PEER)).toEqual({ code: 0, stdout: `${document}\n`, stderr: "" });
    expect(await bundle("get", PEER, "--out", "kept.json")).toMatchObject({ code: 0, stdout: "" });
    expect(await readFile(join(folder, "kept.json"), "utf8")).toBe(document);
  });

  it("asks no other peer", async () => {
    let asked = 0;
    const other = await listen(async () => {
      asked++;
      return new Response("");
    });
    served.push(other);
    const entry = web(await peerServes(document));
    await configured(`${entry}\n  other.example: ${web(other.url)}`);
    expect(await bundle("get", PEER)).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toBe(0);
  });

  it("believes no more than the issuer would", async () => {
    await configured(web(await peerServes(document), ", min_sequence: 4000000000"));
    const { code, stdout, stderr } = await bundle("get", PEER);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("rolled_back");
    expect(await bundle("get", "absent.example")).toMatchObject({ code: 2, stdout: "" });
  });

  it("holds what a URL serves to the name that it is told", async () => {
    const url = await peerServes(document);
    expect((await bundle("get", url, "--trust-domain", PEER)).stdout).toBe(`${document}\n`);
    const other = await bundle("get", url, "--trust-domain", "a.example", "--out", "no.json");
    expect(other).toMatchObject({ code: 1, stdout: "" });
    expect(other.stderr).toContain("foreign");
    expect(existsSync(join(folder, "no.json"))).toBe(false);
    expect((await bundle("get", url)).stderr).toContain("was not checked");
    expect(await bundle("get", await peerServes("<html>"))).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("svidmint bundle peers", () => {
  it("lists what each answers", async () => {
    await configured(web(await peerServes(document)));
    const table = await bundle("peers");
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^prod\.example\.org +https_web +\d+ +4 +5 min +good$/m);
    await configured(web(await peerServes("<html>")));
    const bad = await bundle("peers", "--json");
    expect(bad.code).toBe(1);
    expect(json(bad)).toMatchObject({ peers: [{ usable: false, error: { code: "malformed" } }] });
  });
});

describe("svidmint bundle reset", () => {
  const resetAt = async (): Promise<number | undefined> => {
    const store = await openFileStore({ directory: join(folder, ".svidmint") });
    try {
      return (await snapshotsIn(store, OWN).read(PEER)).resetAt;
    } finally {
      await store.close();
    }
  };

  it("writes where instances keep what they believed, while a server has it", async () => {
    await configured(web(await peerServes(document)));
    const store = await openFile({ store: "file" }, folder);
    const before = Math.floor(Date.now() / 1000);
    try {
      expect(await bundle("reset", PEER)).toMatchObject({ code: 0, stderr: "" });
      expect((await snapshotsIn(store, OWN).read(PEER)).resetAt).toBeGreaterThanOrEqual(before);
    } finally {
      await store.close?.();
    }
    expect(await resetAt()).toBeGreaterThanOrEqual(before);
  });

  it("writes into the store itself while none has", async () => {
    await configured(web(await peerServes(document), ", min_sequence: 7"));
    const { code, stdout } = await bundle("reset", PEER);
    expect(code).toBe(0);
    expect(stdout).toContain("down to min_sequence 7");
  });

  it.each([
    ["there is no such peer", "a.example", "", "has no peer"],
    ["the peer is pinned", PEER, "{ bundle: file:kept.json }", "is pinned"],
  ])("says that %s", async (_, name, entry, told) => {
    await configured(entry === "" ? web(await peerServes(document)) : entry);
    const { code, stderr } = await bundle("reset", name);
    expect(code).toBe(2);
    expect(stderr).toContain(told);
  });

  it("writes into the folder of one instance that has no store", async () => {
    await configured(web(await peerServes(document)), "");
    expect(await bundle("reset", PEER)).toMatchObject({ code: 0, stderr: "" });
    const kept = snapshotsIn(peerFolder(join(folder, ".svidmint", "peers")), OWN);
    expect((await kept.read(PEER)).resetAt).toBeGreaterThan(1e9);
  });

  it("says that nothing is kept without a store, of several instances", async () => {
    await configured(web(await peerServes(document)), "", false);
    const { code, stderr } = await bundle("reset", PEER);
    expect(code).toBe(2);
    expect(stderr).toContain("restart the instances");
  });
});
