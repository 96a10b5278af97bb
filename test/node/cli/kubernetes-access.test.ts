import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubernetesAccess } from "../../../src/cli/publish/kubernetes-access.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { temporaryFolders } from "./run.ts";

const newFolder = temporaryFolders();
let mount = "";
let server: Server;
let port = 0;

/** A certificate of its own for this machine, as a cluster's authority would sign one. */
function selfSigned(folder: string, name: string): void {
  const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  const names = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...files, ...names], { stdio: "ignore" });
}

beforeAll(async () => {
  mount = await newFolder();
  selfSigned(mount, "ca");
  selfSigned(mount, "other");
  await writeFile(join(mount, "token"), "pod-token\n");
  const [key, cert] = [readFileSync(join(mount, "ca.key")), readFileSync(join(mount, "ca.crt"))];
  server = createServer({ key, cert }, (request, response) => {
    response.end(`${request.method} ${request.url} ${request.headers.authorization}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => void server.close());

const platform = nodePlatform();

describe("Kubernetes as a pod reaches it", () => {
  const env = (name: string): string | undefined =>
    ({ KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT_HTTPS: String(port) })[name];

  it("is trusted by the cluster's own authority, and told the account's token", async () => {
    const access = await kubernetesAccess({ platform, env }, mount);
    const headers = await access.authorization();
    const answer = await access.fetch(`${access.server}/api`, { headers });
    expect(await answer.text()).toBe("GET /api Bearer pod-token");
    await writeFile(join(mount, "token"), "rotated\n");
    expect(await access.authorization()).toEqual({ authorization: "Bearer rotated" });
  });

  it("is not where the service account is not mounted", async () => {
    const elsewhere = kubernetesAccess({ platform, env }, join(mount, "absent"));
    await expect(elsewhere).rejects.toThrow("set KUBECONFIG");
  });
});

describe("Kubernetes by a kubeconfig", () => {
  async function access(cluster: object, user: object) {
    const path = join(mount, "config");
    const named = (name: string, value: object) => [{ name: "one", [name]: value }];
    const config = {
      "current-context": "one",
      contexts: named("context", { cluster: "one", user: "one" }),
      clusters: named("cluster", { server: `https://127.0.0.1:${port}`, ...cluster }),
      users: named("user", user),
    };
    await writeFile(path, JSON.stringify(config));
    const env = (name: string): string | undefined => (name === "KUBECONFIG" ? path : undefined);
    return kubernetesAccess({ platform, env });
  }

  it("takes an authority from a file beside it, or from the text", async () => {
    const data = readFileSync(join(mount, "ca.crt")).toString("base64");
    for (const ca of [
      { "certificate-authority": "ca.crt" },
      { "certificate-authority-data": data },
    ]) {
      const { server: url, fetch, authorization } = await access(ca, { token: "t" }); // oxlint-disable-line no-await-in-loop -- one by one
      const answer = await fetch(`${url}/api`, { headers: await authorization() }); // oxlint-disable-line no-await-in-loop -- one by one
      expect(await answer.text()).toBe("GET /api Bearer t"); // oxlint-disable-line no-await-in-loop -- one by one
    }
  });

  it("sends nothing to a server of another authority", async () => {
    const { server: url, fetch } = await access(
      { "certificate-authority": "other.crt" },
      { token: "t" },
    );
    await expect(fetch(`${url}/api`, {})).rejects.toThrow(/self-signed|unable to verify/);
  });

  it.each<[object, object, string]>([
    [{ "insecure-skip-tls-verify": true }, { token: "t" }, "which is not done here"],
    [{ server: "http://10.0.0.1:8080" }, { token: "t" }, "without TLS"],
    [{}, { exec: { command: "aws" } }, "are not run"],
    [{ server: 7 }, { token: "t" }, "names no cluster and user"],
  ])("refuses %j of a cluster and %j of a user", async (cluster, user, told) => {
    await expect(access(cluster, user)).rejects.toThrow(told);
  });
});
