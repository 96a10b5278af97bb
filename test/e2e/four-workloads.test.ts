import { execFile } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, startIssuer, type RunningIssuer } from "../../scripts/demo/server.ts";
import { readYaml } from "../../src/cli/config-document.ts";
import { ENTRY, record, svidmint, temporaryFolders } from "../node/cli/run.ts";
import { page } from "./documentation.ts";
import { startClouds, type Clouds, type Place } from "./simulated-clouds.ts";

/**
 * docs/evidence.md, followed to the letter: its configuration, its question to the policy and its lines of shell, with
 * the real server. Only addresses are the simulated clouds'.
 */
const run = promisify(execFile);
const folder = temporaryFolders();
const DOCUMENTED = "https://id.example.org";
const TRUST_DOMAIN = "spiffe://prod.example.org";
const WORKLOADS = [
  ["job", "/payments/deploy"],
  ["lambda", "/payments/lambda/payments-settle"],
  ["pod", "/payments/api"],
  ["vm", "/payments/vm/5512345678901234567"],
] as const;

let clouds: Clouds;
let issuer: RunningIssuer;
let home: string;
let shell: string;

beforeAll(async () => {
  clouds = await startClouds();
  home = await folder();
  shell = (await page("evidence.md")).block("sh", "svid.sh ISSUER");
  const url = `http://127.0.0.1:${await freePort()}`;
  await writeFile(join(home, "svidmint.yaml"), await configuration(url));
  await mkdir(join(home, "bin"));
  await writeFile(
    join(home, "bin/svidmint"),
    `#!/bin/sh\nexec "${process.execPath}" "${ENTRY}" "$@"\n`,
  );
  await chmod(join(home, "bin/svidmint"), 0o755);
  issuer = await startIssuer(home, url, ENTRY);
});
afterAll(async () => {
  await issuer.stop();
  await clouds.close();
});

/** The page's, with the addresses of this test. */
async function configuration(url: string): Promise<string> {
  const text = (await page("evidence.md")).block("yaml", "payments-lambda");
  const { value, issues } = readYaml(new TextEncoder().encode(text));
  expect(issues).toEqual([]);
  const document: Documented = JSON.parse(JSON.stringify(value));
  const { oidc, aws_web_identity: aws, gcp_iit: gcp } = document.evidence;
  oidc.github["jwks"] = clouds.keys.github;
  oidc.gke["jwks"] = clouds.keys.cluster;
  aws["jwks"] = { "111122223333": clouds.keys.sts };
  gcp["jwks"] = clouds.keys.google;
  expect(aws["accounts"]).toEqual({ "111122223333": clouds.stsIssuer });
  return JSON.stringify({ ...document, issuer: url, single_instance: true });
}

type Entry = Record<string, unknown>;
interface Documented {
  readonly evidence: {
    readonly oidc: { readonly github: Entry; readonly gke: Entry };
    readonly aws_web_identity: Entry;
    readonly gcp_iit: Entry;
  };
}

/** Nothing of the machine that runs the test, but its programs. */
function environment({ env }: Place) {
  return { PATH: `${join(home, "bin")}:${process.env["PATH"]}`, HOME: home, ...env };
}

/** `sh svid.sh ISSUER SOURCE…` in a folder of its own. */
async function runScript(place: Place) {
  const cwd = await folder();
  await writeFile(join(cwd, "svid.sh"), shell);
  const args = ["svid.sh", issuer.url, ...place.source];
  const { stdout } = await run("sh", args, { cwd, env: environment(place) });
  return { cwd, stdout, answer: record(await readFile(join(cwd, "svid.json"), "utf8")) };
}

async function evidenceFor(place: Place, cwd: string): Promise<string> {
  const args = ["evidence", ...place.source, "--csr", "svid.csr", "--issuer", issuer.url];
  const { stdout } = await run(process.execPath, [ENTRY, ...args], {
    cwd,
    env: environment(place),
  });
  return stdout;
}

describe("an identity for a job, a function, a pod and a machine, in one file", () => {
  it("is a configuration without errors, in which each rule can win", async () => {
    const checked = await svidmint(["policy", "check"], { cwd: home });
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout + checked.stderr).not.toContain("never");
  });

  it("is explained before anything runs", async () => {
    const lines = (await page("evidence.md")).block("sh", "policy explain <<");
    const env = { ...environment({ env: {}, source: [] }) };
    const { stdout } = await run("sh", ["-ec", lines], { cwd: home, env });
    expect(stdout).toContain(`${TRUST_DOMAIN}/payments/deploy`);
    const branch = lines.replace("heads/main", "heads/feature");
    const other = await run("sh", ["-c", branch], { cwd: home, env }).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(other.stdout).toContain("job_workflow_ref is");
  });

  it.for(WORKLOADS)("is explained from the evidence of the %s", async ([name, path]) => {
    const cwd = await folder();
    await svidmint(["key", "new", "--issuer", issuer.url], { cwd });
    const input = await evidenceFor(clouds.places[name], cwd);
    const explained = await svidmint(["policy", "explain", "--json"], { cwd: home, input });
    expect(explained).toMatchObject({ code: 0 });
    expect(record(explained.stdout)).toMatchObject({
      granted: true,
      spiffe_id: `${TRUST_DOMAIN}${path}`,
      evidence: [{ binding: { kind: "key" } }],
    });
  });

  it.for(WORKLOADS)("is issued over HTTP to the %s by the page's script", async ([name, path]) => {
    const { answer, stdout, cwd } = await runScript(clouds.places[name]);
    const id = `${TRUST_DOMAIN}${path}`;
    expect(answer).toMatchObject({ spiffe_id: id });
    expect(stdout).toContain(id);
    const { x509, bundle } = answer as unknown as Issued;
    const leaf = new X509Certificate(x509.certificate_chain);
    const root = new X509Certificate(
      Buffer.from(bundle.keys.find(({ use }) => use === "x509-svid")?.x5c?.[0] ?? "", "base64"),
    );
    expect(leaf.subjectAltName).toBe(`URI:${id}`);
    expect(leaf.verify(root.publicKey)).toBe(true);
    const key = createPrivateKey(await readFile(join(cwd, "svid.key")));
    expect(leaf.checkPrivateKey(key)).toBe(true);
  });

  it("is not given to a job of another branch", async () => {
    const { answer } = await runScript(clouds.places.fork);
    expect(answer).toMatchObject({ code: "refused" });
    const event = await issuer.event(String(answer["request_id"]), "refused");
    expect(event).toMatchObject({ reason: "no_rule_matches" });
  });

  it.for(WORKLOADS)("is not given to who stole the evidence of the %s", async ([name]) => {
    const [victim, thief] = [await folder(), await folder()];
    await svidmint(["key", "new", "--issuer", issuer.url], { cwd: victim });
    await svidmint(["key", "new", "--issuer", issuer.url], { cwd: thief });
    const evidence: unknown = JSON.parse(await evidenceFor(clouds.places[name], victim));
    const csr = await readFile(join(thief, "svid.csr"), "utf8");
    const response = await fetch(`${issuer.url}/v1/svids`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ evidence: [evidence], x509: { csr } }),
    });
    expect(response.status).toBe(403);
    const problem = record(await response.text());
    expect(problem["code"]).toBe("evidence_rejected");
    const event = await issuer.event(String(problem["request_id"]), "refused");
    expect(event).toMatchObject({ reason: "binding_mismatch" });
  });
});

interface Issued {
  readonly x509: { readonly certificate_chain: string };
  readonly bundle: {
    readonly keys: readonly { readonly use: string; readonly x5c?: readonly string[] }[];
  };
}
