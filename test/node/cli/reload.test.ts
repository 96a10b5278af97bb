import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { quickly, temporaryFolders } from "./run.ts";
import { fetch, initialised, serve, type Server } from "./server.ts";

const folder = temporaryFolders();

async function identity(cwd: string, { url }: Server): Promise<string> {
  const { stdout } = await quickly(["evidence", "dev", "--csr", "svid.csr"], { cwd });
  const csr = await readFile(join(cwd, "svid.csr"), "utf8");
  const answer = await fetch(`${url}/v1/svids`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ evidence: [JSON.parse(stdout)], x509: { csr } }),
  });
  const { spiffe_id } = (await answer.json()) as { spiffe_id: string };
  return spiffe_id;
}

describe("svidmint serve at SIGHUP", () => {
  it("goes by the new configuration, or says what is wrong and stays with the one in force", async () => {
    const { cwd, url } = await initialised(await folder());
    await quickly(["key", "new"], { cwd });
    const path = join(cwd, "svidmint.yaml");
    const first = await readFile(path, "utf8");
    const server = await serve(cwd, url, [], { SVIDMINT_METRICS_TOKEN: "s3cret-for-metrics" });
    const bundle = await (await fetch(`${url}/bundle`)).text();
    expect(await identity(cwd, server)).toBe("spiffe://dev.example.org/dev/app");

    await writeFile(path, first.replace("/dev/{", "/new/{").replace("/dev/app", "/new/app"));
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr()).toContain("was read again and is in force");
    expect(await identity(cwd, server)).toBe("spiffe://dev.example.org/new/app");
    expect(server.stdout()).toMatch(/^\{"event":"configuration",.*\}$/m);

    const hang = (line: string) => expect.poll(() => server.stderr()).toContain(line);
    await writeFile(path, `${first}nonsense: true\n`);
    server.child.kill("SIGHUP");
    await hang("the configuration was not taken; the one before stays in force");
    await hang("svidmint.yaml:");
    await writeFile(path, first.replace("trust_domain: dev", "trust_domain: other"));
    server.child.kill("SIGHUP");
    await hang("trust_domain: cannot change while the issuer serves: restart it");
    expect(await identity(cwd, server)).toBe("spiffe://dev.example.org/new/app");
    expect(await (await fetch(`${url}/bundle`)).text()).toBe(bundle);
    const bearer = { authorization: "Bearer s3cret-for-metrics" };
    const metrics = await (await fetch(`${url}/metrics`, { headers: bearer })).text();
    expect(metrics).toContain('svidmint_config_reloads_total{outcome="loaded"} 1');
    expect(metrics).toContain('svidmint_config_reloads_total{outcome="refused"} 2');
    expect(server.child.exitCode).toBe(null);
  });

  it("makes no keys where those in use are gone, and goes on with these", async () => {
    const { cwd, url } = await initialised(await folder());
    const server = await serve(cwd, url);
    const bundle = await (await fetch(`${url}/bundle`)).text();
    const names = (): Promise<string[]> => readdir(join(cwd, ".svidmint"));
    const before = await names();
    await rename(join(cwd, ".svidmint/keys.yaml"), join(cwd, "keys.yaml"));
    server.child.kill("SIGHUP");
    await expect
      .poll(() => server.stderr())
      .toContain(`error: keys: neither they nor ${join(cwd, ".svidmint/keys.yaml")} are there`);
    expect(await names()).toEqual(before.filter((name) => name !== "keys.yaml"));
    expect(await (await fetch(`${url}/bundle`)).text()).toBe(bundle);
    await rename(join(cwd, "keys.yaml"), join(cwd, ".svidmint/keys.yaml"));
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr()).toContain("was read again and is in force");
  });
});
