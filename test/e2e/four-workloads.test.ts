import { execFile, spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { startIssuer, type RunningIssuer } from "../../scripts/demo/server.ts";
import { readYaml } from "../../src/cli/config-document.ts";
import { ENTRY, json, quickly, record, temporaryFolders } from "../node/cli/run.ts";
import { page } from "./documentation.ts";
import { startClouds, type Clouds, type Place } from "./simulated-clouds.ts";

/**
 * docs/evidence.md, followed to the letter: its configuration, its question to the policy and its lines of shell, with
 * the real server. Only addresses are the simulated clouds'.
 */
const run = promisify(execFile);
const folder = temporaryFolders();
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
/** How the script ended in each place. */
let endings: Readonly<Record<keyof Clouds["places"], Ending>>;

const TOOLS = "curl and awk";
const hasTools = spawnSync("sh", ["-c", "command -v curl && command -v awk"]).status === 0;

beforeAll(async () => {
  if (!hasTools) return;
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
  const { job, fork, lambda, pod, vm } = clouds.places;
  const ended = await Promise.all([job, fork, lambda, pod, vm].map(runScript));
  const [ofJob, ofFork, ofLambda, ofPod, ofVm] = ended as [Ending, Ending, Ending, Ending, Ending];
  endings = { job: ofJob, fork: ofFork, lambda: ofLambda, pod: ofPod, vm: ofVm };
});
afterAll(async () => {
  await issuer?.stop();
  await clouds?.close();
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
  return JSON.stringify({ ...document, issuer: url });
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
function environment(env: Place["env"] = {}) {
  return { PATH: `${join(home, "bin")}:${process.env["PATH"]}`, HOME: home, ...env };
}

interface Ending {
  readonly cwd: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** `sh svid.sh ISSUER SOURCE…` in a folder of its own. */
async function runScript({ env, source }: Place): Promise<Ending> {
  const cwd = await folder();
  await writeFile(join(cwd, "svid.sh"), shell);
  const args = ["svid.sh", issuer.url, ...source];
  const ended = run("sh", args, { cwd, env: environment(env) });
  return { ...(await ended.catch((error: Ending) => error)), cwd };
}

async function reasonOf(problem: Readonly<Record<string, unknown>>): Promise<unknown> {
  const event = await issuer.event(String(problem["request_id"]), "refused");
  return event?.["reason"];
}

describe.runIf(hasTools)(
  `with ${TOOLS}, an identity for a job, a function, a pod and a machine, in one file`,
  () => {
    it("is a configuration without errors, in which each rule can win", async () => {
      const checked = await quickly(["policy", "check"], { cwd: home });
      expect(checked).toMatchObject({ code: 0 });
      expect(checked.stdout + checked.stderr).not.toContain("never");
    });

    it("is served as it stands", async () => {
      const cwd = await folder();
      const text = (await page("evidence.md")).block("yaml", "payments-lambda");
      await writeFile(join(cwd, "svidmint.yaml"), text);
      const served = await startIssuer(cwd, `http://127.0.0.1:${await freePort()}`, ENTRY);
      await expect(served.stop()).resolves.toBeUndefined();
    });

    it("is explained before anything runs", async () => {
      const lines = (await page("evidence.md")).block("sh", "policy explain <<");
      const explain = (text: string) =>
        run("sh", ["-c", text], { cwd: home, env: environment() }).catch((error: Ending) => error);
      expect((await explain(lines)).stdout).toContain(`${TRUST_DOMAIN}/payments/deploy`);
      const branch = await explain(lines.replace("heads/main", "heads/feature"));
      expect(branch.stdout).toContain("job_workflow_ref is");
      expect(branch.stdout).not.toContain(TRUST_DOMAIN);
    });

    it.for(WORKLOADS)(
      "is issued over HTTP to the %s, by the page's script",
      async ([name, path]) => {
        const id = `${TRUST_DOMAIN}${path}`;
        const { cwd, stdout } = endings[name];
        expect(endings[name]).toMatchObject({ stdout: expect.stringContaining(id) });
        const { spiffe_id, x509, bundle }: Issued = JSON.parse(
          await readFile(join(cwd, "svid.json"), "utf8"),
        );
        expect(spiffe_id).toBe(id);
        const leaf = new X509Certificate(x509.certificate_chain);
        const root = bundle.keys.find(({ use }) => use === "x509-svid")?.x5c?.[0] ?? "";
        expect(leaf.subjectAltName).toBe(`URI:${id}`);
        expect(leaf.verify(new X509Certificate(Buffer.from(root, "base64")).publicKey)).toBe(true);
        const key = createPrivateKey(await readFile(join(cwd, "svid.key")));
        expect(leaf.checkPrivateKey(key)).toBe(true);
        expect(stdout).not.toContain("PRIVATE");
      },
    );

    it.for(WORKLOADS)("is explained from the evidence of the %s", async ([name, path]) => {
      const input = await readFile(join(endings[name].cwd, "evidence.json"));
      const explained = await quickly(["policy", "explain", "--json"], { cwd: home, input });
      expect(explained).toMatchObject({ code: 0 });
      expect(json(explained)).toMatchObject({
        granted: true,
        spiffe_id: `${TRUST_DOMAIN}${path}`,
        evidence: [{ binding: { kind: "key" } }],
      });
    });

    it.for(WORKLOADS)("is not given to who stole the evidence of the %s", async ([name]) => {
      const evidence: unknown = JSON.parse(
        await readFile(join(endings[name].cwd, "evidence.json"), "utf8"),
      );
      const thief = await folder();
      await quickly(["key", "new", "--issuer", issuer.url], { cwd: thief });
      const csr = await readFile(join(thief, "svid.csr"), "utf8");
      const response = await fetch(`${issuer.url}/v1/svids`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ evidence: [evidence], x509: { csr } }),
      });
      expect(response.status).toBe(403);
      const problem = record(await response.text());
      expect(problem["code"]).toBe("evidence_rejected");
      expect(await reasonOf(problem)).toBe("binding_mismatch");
    });

    it("is not given to a job of another branch, which is told no more than that", async () => {
      const { stdout, stderr } = endings.fork;
      expect(stdout).toBe("");
      const problem = record(stderr);
      expect(problem["code"]).toBe("refused");
      expect(await reasonOf(problem)).toBe("no_rule_matches");
    });
  },
);

interface Issued {
  readonly spiffe_id: string;
  readonly x509: { readonly certificate_chain: string };
  readonly bundle: {
    readonly keys: readonly { readonly use: string; readonly x5c?: readonly string[] }[];
  };
}
