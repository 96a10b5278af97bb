import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeProtectedHeader, importJWK, jwtVerify, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { readmeExample } from "../../../scripts/readme-example.ts";
import { rawClient } from "../runtimes/raw-client.ts";
import { ENTRY, json, quickly, record, svidmint, temporaryFolders } from "./run.ts";
import { freePort } from "../../../scripts/free-port.ts";
import { fetch, initialised as initialise, serve, stopped } from "./server.ts";

const folder = temporaryFolders();

async function initialised(): Promise<{ cwd: string; url: string }> {
  return initialise(await folder());
}

describe("svidmint serve", () => {
  it("serves what init wrote, names the files of its keys, and stops at SIGTERM", async () => {
    const { cwd, url } = await initialised();
    const server = await serve(cwd, url);
    expect(server.stderr()).toContain(`svidmint serves ${url} at 127.0.0.1:${new URL(url).port}`);
    expect(server.stderr()).toMatch(/\.svidmint\/\S+\.key/);
    expect(server.stdout()).toBe("");
    const keys = (await readdir(join(cwd, ".svidmint"))).filter((name) => name.endsWith(".key"));
    expect(keys.length).toBeGreaterThanOrEqual(3);
    for (const key of keys)
      expect((await stat(join(cwd, ".svidmint", key))).mode & 0o777).toBe(0o600);
    const bundle = await (await fetch(`${url}/bundle`)).text();
    expect(await quickly(["inspect"], { input: bundle })).toMatchObject({ code: 0 });
    expect(await stopped(server.child)).toBe(0);
    // The same keys again: nothing that was issued is orphaned by a restart.
    await serve(cwd, url);
    expect(await (await fetch(`${url}/bundle`)).text()).toBe(bundle);
  });

  it("tells what the file system refuses as such, not as a fault to report", async () => {
    const { cwd } = await initialised();
    await mkdir(join(cwd, ".svidmint/keys.yaml"));
    const ran = await svidmint(["serve"], { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("svidmint: the issuer cannot start: EISDIR: ");
  });

  it("answers what comes before it has stopped on a connection that is open, and says that it is not ready", async () => {
    const { cwd, url } = await initialised();
    const { child } = await serve(cwd, url);
    const client = await rawClient({ host: "127.0.0.1", port: Number(new URL(url).port) });
    const ask = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(ask);
    await client.until(/ready\n/);
    const code = stopped(child);
    const refused = (): Promise<boolean> =>
      fetch(`${url}/readyz`).then(
        () => false,
        () => true,
      );
    await expect.poll(refused, { interval: 10 }).toBe(true);
    client.send(ask);
    expect(await client.until(/not ready\n/)).toMatch(/connection: close\r/i);
    expect(client.statuses()).toEqual([200, 503]);
    expect(await code).toBe(0);
  });

  it("gives an SVID to the lines of the README", async ({ skip }) => {
    const { cwd, url } = await initialised();
    const run = promisify(execFile);
    try {
      await run("sh", ["-c", "command -v curl && command -v awk"]);
    } catch {
      skip("no curl or awk");
    }
    const server = await serve(cwd, url);
    const lines = readmeExample()
      .request.replaceAll("npx svidmint", `"${process.execPath}" "${ENTRY}"`)
      .replaceAll("http://127.0.0.1:8443", url);
    const { stdout } = await run("sh", ["-c", lines], { cwd });
    expect(stdout).toContain("X.509-SVID");
    expect(stdout).toMatch(/SPIFFE ID +spiffe:\/\/dev\.example\.org\/dev\/app\n/);
    expect(stdout).toContain("SPIFFE bundle");
    // The intent is there before the answer; no answer waits for the outcome.
    const events = (): unknown[] =>
      server
        .stdout()
        .trim()
        .split("\n")
        .map((line) => record(line).event);
    await expect.poll(events).toEqual(["intent", "outcome"]);
    const token = (await readFile(join(cwd, "answer.json"), "utf8")).slice(0, 40);
    expect(server.stdout()).not.toContain(token);
  });

  it("gives a WIT-SVID by a key that /bundle/wit alone shows, made with the others", async () => {
    const { cwd, url } = await initialised();
    const path = join(cwd, "svidmint.yaml");
    const config = (await readFile(path, "utf8")).replace("    jwt: {", "    wit: {}\n    jwt: {");
    await writeFile(path, config);
    await serve(cwd, url);
    await quickly(["key", "new"], { cwd });
    const { stdout } = await quickly(["evidence", "dev", "--csr", "svid.csr"], { cwd });
    const csr = await readFile(join(cwd, "svid.csr"), "utf8");
    const answer = await fetch(`${url}/v1/svids`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ evidence: [JSON.parse(stdout)], wit: { csr } }),
    });
    expect(answer.status).toBe(200);
    const { wit } = (await answer.json()) as { wit: { token: string } };
    const { keys } = (await (await fetch(`${url}/bundle/wit`)).json()) as { keys: JWK[] };
    const { kid } = decodeProtectedHeader(wit.token);
    const jwk = keys.find((one) => one.kid === kid && one.use === "wit-svid") ?? {};
    const key = await importJWK(jwk, "ES256");
    await expect(jwtVerify(wit.token, key, { typ: "wit+jwt" })).resolves.toMatchObject({
      payload: { sub: "spiffe://dev.example.org/dev/app", cnf: { jwk: { alg: "ES256" } } },
    });
    expect(await (await fetch(`${url}/bundle`)).text()).not.toContain("wit-svid");
  });

  it("says which keys an older keys.yaml lacks", async () => {
    const { cwd, url } = await initialised();
    await stopped((await serve(cwd, url)).child);
    const path = join(cwd, ".svidmint", "keys.yaml");
    const made = await readFile(path, "utf8");
    await writeFile(path, made.slice(0, made.indexOf("wit:")));
    const config = join(cwd, "svidmint.yaml");
    await writeFile(
      config,
      (await readFile(config, "utf8")).replace("    jwt: {", "    wit: {}\n    jwt: {"),
    );
    const ran = await svidmint(["serve"], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("keys.wit: required: there are rules that give wit");
  });

  it("gives a JWT-SVID to a request with the header that dpop prints", async () => {
    const { cwd, url } = await initialised();
    await serve(cwd, url);
    await quickly(["key", "new"], { cwd });
    const evidence = (await quickly(["evidence", "dev", "--csr", "svid.csr"], { cwd })).stdout;
    const body = `{"evidence":[${evidence}],"jwt":{"audience":["https://orders.example.org"]}}`;
    await writeFile(join(cwd, "request.json"), body);
    const post = (header: string) =>
      fetch(`${url}/v1/svids`, {
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          accept: "application/jwt",
          ...(header === "" ? {} : { dpop: header }),
        },
      });
    const { stdout } = await quickly(["dpop", "--key", "svid.key", "--body", "request.json"], {
      cwd,
    });
    const answer = await post(stdout.replace(/^DPoP: /, "").trim());
    expect(answer.status).toBe(200);
    const inspected = await quickly(["inspect"], { input: await answer.text() });
    expect(inspected.stdout).toContain("JWT-SVID");
    expect((await post("")).status).toBe(400);
  });

  it("says that its audit log cannot be written: a refusal for that is in no log", async () => {
    const { cwd, url } = await initialised();
    const config = join(cwd, "svidmint.yaml");
    await writeFile(config, `${await readFile(config, "utf8")}\naudit: { sink: file:/dev/full }\n`);
    const server = await serve(cwd, url);
    await quickly(["key", "new"], { cwd });
    const evidence = (await quickly(["evidence", "dev", "--csr", "svid.csr"], { cwd })).stdout;
    const csr = await readFile(join(cwd, "svid.csr"), "utf8");
    const body = JSON.stringify({ evidence: [JSON.parse(evidence)], x509: { csr } });
    const headers = { "content-type": "application/json" };
    for (const _ of [1, 2])
      expect((await fetch(`${url}/v1/svids`, { method: "POST", body, headers })).status).toBe(503); // oxlint-disable-line no-await-in-loop
    expect(server.stderr().match(/audit log.*/g)).toEqual([
      "audit log, /dev/full, cannot be written (ENOSPC), and nothing is issued until it can: free disk space, or see to its reader",
    ]);
  });

  it("serves metrics where it is told to, and nowhere else", async () => {
    const { cwd, url } = await initialised();
    const metrics = `127.0.0.1:${await freePort()}`;
    await serve(cwd, url, ["--metrics", metrics], { SVIDMINT_METRICS_TOKEN: "s3cret-for-metrics" });
    expect((await fetch(`http://${metrics}/metrics`)).status).toBe(200);
    expect((await fetch(`http://${metrics}/v1/svids`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const bearer = { authorization: "Bearer s3cret-for-metrics" };
    expect((await fetch(`${url}/metrics`, { headers: bearer })).status).toBe(200);
  });

  it("says what is wrong where it cannot start, and exits with 1 or 2", async () => {
    const { cwd, url } = await initialised();
    const { child } = await serve(cwd, url);
    const second = await svidmint(["serve"], { cwd });
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toMatch(/something else listens/);
    expect(child.exitCode).toBe(null);
    expect(await quickly(["serve", "--config", "missing.yaml"], { cwd })).toMatchObject({
      code: 2,
      stdout: "",
    });
    expect(await quickly(["serve", "--listen", "nowhere"], { cwd })).toMatchObject({
      code: 2,
      stdout: "",
    });
    await writeFile(
      join(cwd, "far.yaml"),
      "trust_domain: example.org\nissuer: https://id.example.org\nrules: []\n",
    );
    const far = await quickly(["serve", "--config", "far.yaml"], { cwd });
    expect(far).toMatchObject({ code: 2, stdout: "" });
    expect(far.stderr).toMatch(/single_instance|keys/);
    const sink = "audit: { sink: file:nowhere/audit.jsonl }\n";
    await writeFile(join(cwd, "mute.yaml"), claimsConfig("http://127.0.0.1:1") + sink);
    const mute = await quickly(["serve", "--config", "mute.yaml"], { cwd });
    expect(mute).toMatchObject({ code: 2, stdout: "" });
    expect(mute.stderr).toMatch(
      /mute\.yaml:7:\d+: error: audit\.sink: cannot be opened \(ENOENT\)/,
    );
  });
});

function claimsConfig(url: string): string {
  return `trust_domain: dev.example.org
issuer: ${url}
evidence: { oidc: { dev: { dev: true, pin: issuer, jwks: file:.svidmint/dev.jwks } } }
single_instance: true
claims: { store: file }
rules: []
`;
}

it("svidmint serve ends where it cannot start, though a part of it has started", async () => {
  const { cwd, url } = await initialised();
  const { port } = new URL(url);
  const other = await initialised();
  await serve(other.cwd, other.url);
  const taken = new URL(other.url).host;
  const told = expect.stringContaining(`something else listens at ${taken}; `);
  const refused = { code: 1, stdout: "", stderr: told };
  expect(await svidmint(["serve", "--metrics", taken], { cwd })).toMatchObject(refused);
  expect(await svidmint(["serve", "--bundle-endpoint", taken], { cwd })).toMatchObject(refused);
  await writeFile(join(cwd, "svidmint.yaml"), claimsConfig(url));
  expect(await svidmint(["serve", "--listen", taken], { cwd })).toMatchObject(refused);
  await expect(rawClient({ host: "127.0.0.1", port: Number(port) })).rejects.toThrow("refused");
});

describe("svidmint claims", () => {
  const KEY = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea";
  const OWNER = `-${"A".repeat(42)}`;

  it("work on the file, and through the server while that has it", async () => {
    const { cwd, url } = await initialised();
    await writeFile(join(cwd, "svidmint.yaml"), claimsConfig(url));
    const claims = (...args: string[]) => quickly(["claims", ...args], { cwd });
    expect(await claims("show", KEY, "--json")).toMatchObject({ code: 1 });
    expect(await claims("assign", KEY, OWNER)).toMatchObject({ code: 0, stderr: "" });
    expect(json(await claims("show", KEY, "--json"))).toMatchObject({
      key: KEY,
      claimed: true,
      banned: false,
      owners: [{ owner: OWNER }],
    });

    const { child } = await serve(cwd, url);
    expect(json(await claims("show", KEY, "--json"))).toMatchObject({ owners: [{ owner: OWNER }] });
    expect((await claims("show")).stdout).toContain(KEY);
    expect(await claims("release", KEY, "--owner", "B".repeat(43))).toMatchObject({ code: 1 });
    expect(await claims("release", KEY, "--owner", OWNER)).toMatchObject({ code: 0 });
    expect(await claims("ban", KEY)).toMatchObject({ code: 0, stdout: "banned\n" });
    await stopped(child);

    const shown = await claims("show", KEY);
    expect(shown.stdout).toMatch(/banned +yes/);
    expect(await claims("release", KEY)).toMatchObject({ code: 0 });
    expect(await claims("show", KEY)).toMatchObject({ code: 1 });
  });

  it.for([
    ["show", "nonsense"],
    ["show", KEY.toUpperCase()],
    ["assign", KEY],
    ["assign", KEY, "short"],
    ["assign", KEY, OWNER, "--ttl", "soon"],
    ["release", KEY, "--owner", "short"],
    ["ban"],
    ["ban", KEY, KEY],
  ])("take %j for wrong usage", async (args) => {
    const { cwd, url } = await initialised();
    await writeFile(join(cwd, "svidmint.yaml"), claimsConfig(url));
    expect(await quickly(["claims", ...args], { cwd })).toMatchObject({ code: 2, stdout: "" });
  });

  it("say so where the configuration has no store", async () => {
    const { cwd } = await initialised();
    const ran = await quickly(["claims", "show", KEY], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("claims: { store: file }");
  });
});
