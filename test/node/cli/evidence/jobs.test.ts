import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import { simulateGitHub } from "../../../fakes/github-actions.ts";
import { apiToken, simulateCluster, type SimulatedPod } from "../../../fakes/kubernetes.ts";
import { tokenKey } from "../../../fakes/token-issuer.ts";
import { temporaryFolders } from "../run.ts";
import { evidence, place, places, refusal } from "./place.ts";

const { serve, serveSocket } = places();
const folder = temporaryFolders();
const ISSUER = "https://id.example.org";
const S = `${ISSUER}/jkt/NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs`;
const SECRET = "a secret of the job";
const key = await tokenKey("ES256", "1");
const TOKEN = await key.sign({ iss: "https://ci.example.org", aud: ISSUER });

/** A program on the PATH, as the CI service has it. */
async function program(name: string, lines: string): Promise<string> {
  const path = join(await folder(), name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("svidmint evidence github_actions", () => {
  const job = {
    repository: "acme/payments",
    repositoryId: "456789",
    ownerId: "123456",
    ref: "refs/heads/main",
  };

  it("asks for a token for S with the job's permission", async () => {
    const github = await simulateGitHub();
    const url = await serve(github.job(job, SECRET));
    place({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token/1?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET,
    });
    const got = await evidence(["github_actions", "--audience", S, "--entry", "github"]);
    expect(got).toEqual({ type: "oidc", token: got.token, entry: "github" });
    expect(decodeJwt(got.token)).toMatchObject({ aud: S, repository_id: job.repositoryId });
  });

  it("names the permission that is missing, and never the secret", async () => {
    place({ GITHUB_ACTIONS: "true" });
    const args = ["github_actions", "--audience", S];
    expect((await refusal(args)).stderr).toContain("permissions: { id-token: write }");
    const github = await simulateGitHub();
    const url = await serve(github.job(job, "another"));
    place({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token/1?api-version=2.0&key=hidden`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET,
    });
    const { stderr } = await refusal(args);
    expect(stderr).toContain("answered 401");
    expect(stderr).not.toContain(SECRET);
    expect(stderr).not.toContain("hidden");
  });
});

describe.each([
  ["gitlab", "SVIDMINT_ID_TOKEN", "id_tokens"],
  ["bitbucket", "BITBUCKET_STEP_OIDC_TOKEN", "oidc: true"],
  ["terraform_cloud", "TFC_WORKLOAD_IDENTITY_TOKEN", "TFC_WORKLOAD_IDENTITY_AUDIENCE_SVIDMINT"],
  ["terraform_cloud", "TFC_WORKLOAD_IDENTITY_TOKEN_SVIDMINT", "AUDIENCE"],
  ["spacelift", "SPACELIFT_OIDC_TOKEN", "paid accounts"],
  ["vercel", "VERCEL_OIDC_TOKEN", "x-vercel-oidc-token"],
])("svidmint evidence %s", (name, variable, fix) => {
  it(`takes the token in ${variable}, as it is`, async () => {
    place({ [variable]: TOKEN });
    expect(await evidence([name])).toEqual({ type: "oidc", token: TOKEN });
    place({ OTHER: TOKEN });
    expect(await evidence([name, "--variable", "OTHER"])).toEqual({ type: "oidc", token: TOKEN });
  });

  it("says how to have it, and prints nothing that is no token", async () => {
    place();
    expect((await refusal([name])).stderr).toContain(fix);
    place({ [variable]: "hunter2" });
    const { stderr } = await refusal([name]);
    expect(stderr).toContain(`${variable} is not a signed token`);
    expect(stderr).not.toContain("hunter2");
    expect((await refusal([name, "--audience", S])).code).toBe(2);
  });
});

describe("svidmint evidence by a program of the CI service", () => {
  it("has the Buildkite agent make a token for S, with the ids in it", async () => {
    const agent = await program("buildkite-agent", `echo "$@" >"$0.args"; echo ${TOKEN}`);
    place({ PATH: `${join(agent, "..")}:${process.env["PATH"]}` });
    expect(await evidence(["buildkite", "--audience", S])).toEqual({ type: "oidc", token: TOKEN });
    expect(await readFile(`${agent}.args`, "utf8")).toBe(
      `oidc request-token --audience ${S} --claim organization_id --claim pipeline_id\n`,
    );
  });

  it("has the circleci command make one, or takes the fixed one", async () => {
    const command = await program("circleci", `[ "$5" = '{"aud":"${S}"}' ] && echo ${TOKEN}`);
    const PATH = `${join(command, "..")}:${process.env["PATH"]}`;
    place({ PATH, CIRCLE_OIDC_TOKEN_V2: TOKEN });
    expect(await evidence(["circleci", "--audience", S])).toEqual({ type: "oidc", token: TOKEN });
    const common = await program("circleci", `[ "$6" = --root-issuer ] && echo ${TOKEN}`);
    vi.stubEnv("PATH", `${join(common, "..")}:${process.env["PATH"]}`);
    const args = ["circleci", "--audience", S, "--root-issuer"];
    expect(await evidence(args)).toEqual({ type: "oidc", token: TOKEN });
    place({ PATH, CIRCLE_OIDC_TOKEN_V2: TOKEN });
    expect((await refusal(["circleci", "--audience", `${S}x`])).stderr).toContain("ended with 1");
    expect(await evidence(["circleci", "--fixed"])).toEqual({ type: "oidc", token: TOKEN });
  });

  it.each(["buildkite", "circleci"])("%s says where it is to be run", async (name) => {
    place({ PATH: await folder() });
    const { stderr } = await refusal([name, "--audience", S]);
    expect(stderr).toMatch(/is not there: run this in a \w+ job/);
  });

  it("hands S to the helper of a device, and takes bytes or base64 of it", async () => {
    place();
    const document = Buffer.from([0x84, 0x44, 0xa1, 0x01, 0x38, 0x22]);
    const expected = { type: "aws_nitro", document: document.toString("base64") };
    const helper = await program(
      "nsm",
      `[ "$1" = "${S}" ] && printf '\\204\\104\\241\\001\\070\\042'`,
    );
    expect(await evidence(["aws_nitro", "--audience", S, "--helper", helper])).toEqual(expected);
    const cwd = await folder();
    await writeFile(join(cwd, "document"), `${document.toString("base64")}\n`);
    expect(await evidence(["aws_nitro", "--document", "document"], { cwd })).toEqual(expected);
    await writeFile(join(cwd, "document"), "no document!");
    const { stderr } = await refusal(["aws_nitro", "--document", "document"], { cwd });
    expect(stderr).toContain("neither a COSE_Sign1 document nor one in base64");
    const client = await program("maa", `[ "$1" = "${S}" ] && echo ${TOKEN}`);
    expect(await evidence(["azure_maa", "--audience", S, "--helper", client])).toEqual({
      type: "azure_maa",
      token: TOKEN,
    });
    expect((await refusal(["aws_nitro", "--audience", S])).code).toBe(2);
    expect((await refusal(["azure_maa", "--audience", S])).stderr).toContain("nonce");
  });
});

describe("svidmint evidence sigstore", () => {
  it("takes one bundle, and nothing that no issuer would take", async () => {
    place();
    const cwd = await folder();
    const args = ["sigstore", "--bundle", "bundle.json"];
    await writeFile(join(cwd, "bundle.json"), '{"mediaType":"x"}\n');
    expect(await evidence(args, { cwd })).toEqual({
      type: "sigstore",
      bundle: '{"mediaType":"x"}',
    });
    await writeFile(join(cwd, "bundle.json"), '{"mediaType":"x"}\n{"mediaType":"y"}\n');
    expect((await refusal(args, { cwd })).stderr).toContain("is not one bundle");
    await writeFile(join(cwd, "bundle.json"), `{"mediaType":"${"x".repeat(49_152)}"}`);
    expect((await refusal(args, { cwd })).stderr).toContain("longer than the 49152 bytes");
    expect((await refusal(["sigstore"], { cwd })).code).toBe(2);
  });
});

describe("svidmint evidence by a socket or an endpoint", () => {
  it("asks the sockets of Confidential Space and Fly.io for S", async () => {
    place();
    const asked: unknown[] = [];
    const socket = await serveSocket(async (request) => {
      asked.push([request.method, new URL(request.url).pathname, await request.json()]);
      return new Response(`${TOKEN}\n`);
    });
    const args = ["--audience", S, "--socket", socket];
    expect(await evidence(["fly", ...args])).toEqual({ type: "oidc", token: TOKEN });
    expect(await evidence(["gcp_confidential_space", ...args])).toEqual({
      type: "gcp_confidential_space",
      token: TOKEN,
    });
    await evidence(["gcp_confidential_space", "--pki", ...args]);
    const nonces = [expect.stringMatching(/^[\w-]{22}$/)];
    expect(asked).toEqual([
      ["POST", "/v1/tokens/oidc", { aud: S }],
      ["POST", "/v1/token", { audience: S, token_type: "OIDC", nonces }],
      ["POST", "/v1/token", { audience: S, token_type: "PKI", nonces }],
    ]);
    for (const name of ["fly", "gcp_confidential_space"])
      // oxlint-disable-next-line no-await-in-loop -- they share the process's streams
      expect((await refusal([name, "--audience", S, "--socket", "/nowhere"])).stderr).toContain(
        "/nowhere is not there: run this",
      );
  });

  it("asks Azure DevOps for the job's own token", async () => {
    const url = await serve(async (request) =>
      request.method === "POST" &&
      request.headers.get("authorization") === `Bearer ${SECRET}` &&
      new URL(request.url).searchParams.get("api-version") === "7.1" &&
      !request.url.includes("serviceConnectionId")
        ? Response.json({ oidcToken: TOKEN })
        : new Response(null, { status: 401 }),
    );
    place({ SYSTEM_OIDCREQUESTURI: `${url}/oidctoken`, SYSTEM_ACCESSTOKEN: SECRET });
    expect(await evidence(["azure_devops"])).toEqual({ type: "oidc", token: TOKEN });
    place({ SYSTEM_OIDCREQUESTURI: url });
    expect((await refusal(["azure_devops"])).stderr).toContain("$(System.AccessToken)");
    place({ SYSTEM_OIDCREQUESTURI: url, SYSTEM_ACCESSTOKEN: "hunter2" });
    expect((await refusal(["azure_devops"])).stderr).not.toContain("hunter2");
  });
});

describe("svidmint evidence kubernetes and oidc", () => {
  const pod: SimulatedPod = {
    namespace: "payments",
    serviceAccount: "api",
    name: "api-7d9c5b6f4-x2x7k",
    uid: "5a7e1b0c-9f7c-4d0a-8d2b-6f1f1f0c7e55",
    mayRequest: true,
  };

  it("takes the projected token, out of a file, a variable or standard input", async () => {
    place({ TOKEN });
    const cwd = await folder();
    await writeFile(join(cwd, "token"), `${TOKEN}\n`);
    const expected = { type: "oidc", token: TOKEN };
    expect(await evidence(["kubernetes", "--token-file", "token"], { cwd })).toEqual(expected);
    expect(await evidence(["oidc", "--token-file", "token"], { cwd })).toEqual(expected);
    expect(await evidence(["oidc", "--token-file", "-"], { input: TOKEN })).toEqual(expected);
    expect(await evidence(["oidc", "--variable", "TOKEN"])).toEqual(expected);
    expect((await refusal(["oidc"])).code).toBe(2);
    expect((await refusal(["kubernetes", "--token-file", "nowhere"])).stderr).toContain(
      "project a serviceAccountToken",
    );
  });

  it("asks the API server for a token of this pod for S", async () => {
    const cluster = await simulateCluster("https://container.googleapis.com/v1/projects/p/c");
    const server = await serve(cluster.api);
    const mount = join(await folder(), "serviceaccount");
    await mkdir(mount);
    await writeFile(join(mount, "token"), await apiToken(cluster, pod));
    place({ KUBERNETES_SERVICE_HOST: "10.0.0.1" });
    const args = ["kubernetes", "--request", "--audience", S, "--mount", mount];
    const { token } = await evidence([...args, "--server", server]);
    expect(decodeJwt(token)).toMatchObject({
      aud: [S],
      sub: "system:serviceaccount:payments:api",
      "kubernetes.io": { pod: { name: pod.name, uid: pod.uid } },
    });
    await writeFile(join(mount, "token"), await apiToken(cluster, { ...pod, mayRequest: false }));
    const { stderr } = await refusal([...args, "--server", server]);
    expect(stderr).toContain("--resource=serviceaccounts/token --resource-name=api -n payments");
    expect((await refusal(args)).stderr).toContain("ca.crt is not there");
    await writeFile(join(mount, "token"), TOKEN);
    expect((await refusal([...args, "--server", server])).stderr).toContain(
      "is not one of a service account",
    );
  });
});
