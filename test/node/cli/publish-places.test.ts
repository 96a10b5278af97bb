import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { serializeBundle } from "../../../src/encoding/bundle.ts";
import { ownBundle } from "../../../src/issuer/bundles.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { FakeConfigMaps } from "../../fakes/config-maps.ts";
import { FakeGcs } from "../../fakes/gcs.ts";
import { fakeKeySet } from "../../fakes/key-set.ts";
import { listen, type Listening } from "../../fakes/node/listen.ts";
import { FakeRolesAnywhere } from "../../fakes/roles-anywhere.ts";
import { json, quickly, temporaryFolders, type Ran } from "./run.ts";
import { makeTrustDomain, variant } from "./trust-domain.ts";

const newFolder = temporaryFolders();
const served: Listening[] = [];
let folder = "";
/** Of the same trust domain, with a later `changed_at`, and one root fewer. */
let later = "";

beforeAll(async () => {
  folder = await newFolder();
  await makeTrustDomain(folder);
  later = await variant(
    folder,
    "later",
    (text) => `${text}bundle: { changed_at: 2026-06-01T00:00:00Z }\n`,
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(served.splice(0).map((one) => one.close()));
});

async function start(handler: (request: Request) => Promise<Response>): Promise<string> {
  const listening = await listen(handler);
  served.push(listening);
  return listening.url;
}

function publish(to: string, config = "svidmint.yaml", ...more: string[]): Promise<Ran> {
  const args = ["bundle", "publish", "--config", config, "--to", to, ...more];
  return quickly(args, { cwd: folder });
}

const bundleOf = (config: string): Promise<string> =>
  publish(`file:${config}.json`, config).then(() =>
    readFile(join(folder, `${config}.json`), "utf8"),
  );

/** Its roots say whose they are; the document does not. */
async function bundleOfAnother(): Promise<string> {
  const name = parseTrustDomain("other.example.org");
  if (!name.ok) throw new Error("no name");
  const platform = nodePlatform();
  const keys = await fakeKeySet(platform, name.value);
  return serializeBundle(ownBundle(keys.published(platform.now())));
}

describe("gs:", () => {
  async function bucket(): Promise<{ gcs: FakeGcs; to: string }> {
    const gcs = new FakeGcs("id-example-org", "ya29");
    const token = { access_token: "ya29", expires_in: 3599, token_type: "Bearer" };
    vi.stubEnv("GCE_METADATA_HOST", new URL(await start(async () => Response.json(token))).host);
    return { gcs, to: `gs://id-example-org/site?endpoint=${await start(gcs.handle)}` };
  }

  it("holds each document under its path, type and age", async () => {
    const { gcs, to } = await bucket();
    expect(await publish(to)).toMatchObject({ code: 0, stderr: "" });
    expect([...gcs.objects.keys()]).toEqual([
      "site/bundle",
      "site/.well-known/openid-configuration",
      "site/.well-known/jwks.json",
    ]);
    expect(gcs.objects.get("site/bundle")).toMatchObject({
      bytes: await bundleOf("svidmint.yaml"),
      metadata: { contentType: "application/json", cacheControl: "public, max-age=75" },
    });
    expect((await publish(to)).stdout.match(/ unchanged/g)).toHaveLength(3);
  });

  it("is not taken back, and says so", async () => {
    const { gcs, to } = await bucket();
    expect(await publish(to, later)).toMatchObject({ code: 0 });
    const { stdout, code } = await publish(to, "svidmint.yaml", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ targets: [{ code: "backwards" }] });
    expect(gcs.objects.get("site/bundle")?.bytes).toBe(await bundleOf(later));
  });

  it.each([
    ["get", "storage.objects.get"],
    ["list", "storage.objects.list"],
    ["create", "storage.objects.create"],
  ])("names the permission %s that is missing", async (permission, told) => {
    const { gcs, to } = await bucket();
    gcs.allowed.delete(permission);
    const { code, stderr } = await publish(to);
    expect(code).toBe(1);
    expect(stderr).toContain(told);
  });

  it("replaces only with storage.objects.delete", async () => {
    const { gcs, to } = await bucket();
    await publish(to);
    gcs.allowed.delete("delete");
    const { code, stderr } = await publish(to, later);
    expect({ code, told: stderr.includes("storage.objects.delete") }).toEqual({
      code: 1,
      told: true,
    });
  });

  it("tells a bucket that is not there from an object that is not", async () => {
    const { to } = await bucket();
    const { code, stderr } = await publish(to.replace("id-example-org", "another-bucket"));
    expect(code).toBe(1);
    expect(stderr).toContain("gs://another-bucket is not there");
  });
});

describe("configmap:", () => {
  const TO = "configmap:default/trust-bundle";
  async function cluster(): Promise<FakeConfigMaps> {
    const maps = new FakeConfigMaps("k8s-token");
    const path = join(folder, "kubeconfig");
    const named = (name: string, value: object) => [{ name: "one", [name]: value }];
    await writeFile(
      path,
      JSON.stringify({
        "current-context": "one",
        contexts: named("context", { cluster: "one", user: "one" }),
        clusters: named("cluster", { server: await start(maps.handle) }),
        users: named("user", { token: "k8s-token" }),
      }),
    );
    vi.stubEnv("KUBECONFIG", path);
    return maps;
  }

  it("holds the bundle and its roots, and leaves other keys alone", async () => {
    const maps = await cluster();
    expect(await publish(TO)).toMatchObject({ code: 0, stderr: "" });
    const made = maps.maps.get("default/trust-bundle");
    expect(made?.data["bundle.json"]).toBe(await bundleOf("svidmint.yaml"));
    expect(made?.data["bundle.pem"]?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    maps.put("default/trust-bundle", "trust-bundle", { ...made?.data, other: "kept" });
    expect(await publish(TO, later)).toMatchObject({ code: 0, stderr: "" });
    expect(maps.maps.get("default/trust-bundle")?.data).toMatchObject({
      "bundle.json": await bundleOf(later),
      other: "kept",
    });
    expect(await publish(TO)).toMatchObject({ code: 1, stdout: "" });
  });

  it("mends roots that somebody else changed", async () => {
    const maps = await cluster();
    await publish(TO);
    const { data } = maps.maps.get("default/trust-bundle") ?? { data: {} };
    maps.put("default/trust-bundle", "trust-bundle", { ...data, "bundle.pem": "" });
    expect((await publish(TO)).stdout).toContain("written");
    expect(maps.maps.get("default/trust-bundle")?.data).toEqual(data);
  });

  it.each(["get", "create", "patch"])("names the verb %s that is missing", async (verb) => {
    const maps = await cluster();
    if (verb === "patch") await publish(TO);
    maps.verbs.delete(verb);
    const { code, stderr } = await publish(TO, later);
    expect({ code, told: stderr.includes(`the verb ${verb} on configmaps in default`) }).toEqual({
      code: 1,
      told: true,
    });
  });

  it("says that there is no such namespace", async () => {
    await cluster();
    const { code, stderr } = await publish("configmap:absent/trust-bundle");
    expect({ code, told: stderr.includes("no namespace absent") }).toEqual({ code: 1, told: true });
  });
});

describe("rolesanywhere:", () => {
  const ARN =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/4a1b2c3d-0000-4000-8000-123456789abc";
  async function anchor(): Promise<{ fake: FakeRolesAnywhere; to: string }> {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "hunter2");
    const fake = new FakeRolesAnywhere(ARN, await readFile(join(folder, "root-1.pem"), "utf8"));
    return { fake, to: `rolesanywhere:${ARN}?endpoint=${await start(fake.handle)}` };
  }

  it("trusts the roots of the bundle", async () => {
    const { fake, to } = await anchor();
    expect(await publish(to)).toMatchObject({ code: 0, stderr: "" });
    expect(fake.pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect((await publish(to)).stdout).toContain("unchanged");
    expect(await publish(to, later)).toMatchObject({ code: 0 });
    const { code, stderr } = await publish(to);
    expect({ code, told: stderr.includes("is older than what is published") }).toEqual({
      code: 1,
      told: true,
    });
  });

  it("finishes what stopped between its tag and its certificates", async () => {
    const { fake, to } = await anchor();
    const before = fake.pem;
    fake.denied = "UpdateTrustAnchor";
    const { stderr } = await publish(to);
    expect(stderr).toContain("rolesanywhere:UpdateTrustAnchor");
    expect(fake.pem).toBe(before);
    fake.denied = "";
    expect((await publish(to)).stdout).toContain("written");
    expect(fake.pem).not.toBe(before);
  });

  it("names the quota where there are more roots than it allows", async () => {
    const { fake, to } = await anchor();
    fake.maxCertificates = 1;
    expect((await publish(to)).stderr).toContain("certificates per trust anchor");
  });

  it("leaves an anchor of AWS Private CA alone", async () => {
    const { fake, to } = await anchor();
    fake.sourceType = "AWS_ACM_PCA";
    expect(json(await publish(to, "svidmint.yaml", "--json"))).toMatchObject({
      targets: [{ code: "foreign" }],
    });
    expect(fake.tags.size).toBe(0);
  });
});

describe("file:", () => {
  it("is a web root where it ends in a slash, and one file otherwise", async () => {
    const www = join(folder, "www");
    const { code, stdout } = await publish(
      `file:${www}/`,
      "svidmint.yaml",
      "--to",
      `file:${www}.one`,
    );
    expect(code).toBe(0);
    expect(stdout.match(/ written/g)).toHaveLength(4);
    const bundle = await readFile(join(www, "bundle"), "utf8");
    expect(await readFile(`${www}.one`, "utf8")).toBe(bundle);
    const jwks = await readFile(join(www, ".well-known/jwks.json"), "utf8");
    expect((JSON.parse(jwks) as { keys: unknown[] }).keys).toHaveLength(2);
  });

  it.each([
    ["a web page", async () => "<html>"],
    ["another trust domain's bundle", () => bundleOfAnother()],
  ])("is not written over %s", async (_, make) => {
    const path = join(folder, "foreign.json");
    const text = await make();
    await writeFile(path, text);
    const refused = json(await publish(`file:${path}`, later, "--json"));
    expect(refused).toMatchObject({ targets: [{ ok: false, code: "foreign" }] });
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("says that it may not be a folder", async () => {
    await mkdir(join(folder, "taken"), { recursive: true });
    expect(await publish(`file:${join(folder, "taken")}`)).toMatchObject({ code: 1, stdout: "" });
  });
});
