import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { json, quickly, record, svidmint, temporaryFolders } from "./run.ts";
import { askingFor, raw, twoInitialised, type InitialisedDomain } from "./several-domains.ts";
import { fetch, serve, type Server } from "./server.ts";

const folder = temporaryFolders();

interface Served {
  readonly cwd: string;
  readonly port: number;
  readonly one: InitialisedDomain;
  readonly two: InitialisedDomain;
  readonly server: Server;
}

async function served(env: Record<string, string> = {}): Promise<Served> {
  const cwd = await folder();
  const both = await twoInitialised(cwd);
  const { one, two, port } = both;
  const args = ["--config", one.config, "--config", two.config, "--listen", `127.0.0.1:${port}`];
  return { cwd, ...both, server: await serve(cwd, `http://127.0.0.1:${port}`, args, env) };
}

const post = (url: string, body: string): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });

describe("svidmint serve with two trust domains", () => {
  it("selects by the Host of the socket's own bytes, and tells apart what each issues", async () => {
    const { cwd, port, one, two, server } = await served({ SVIDMINT_METRICS_TOKEN: "t0ken" });
    const status = async (...lines: readonly string[]) => (await raw(port, ...lines)).status;
    const get = (path: string, ...hosts: readonly string[]) =>
      status(`GET ${path} HTTP/1.1`, ...hosts.map((host) => `Host: ${host}`));
    const bundle = `127.0.0.1:${port}`;
    expect(await get("/bundle", bundle)).toBe(200);
    expect(await get("/two/bundle", `localhost:${port}`)).toBe(200);
    expect(await get("/two/bundle", `LOCALHOST:${port}`)).toBe(200);
    for (const host of [
      "evil.example",
      "127.0.0.1",
      `127.0.0.1:${port}.`,
      `127.0.0.1.:${port}`,
      `0:${port}`,
      `[::1]:${port}`,
      `127.1:${port}`,
      `127.0.0.1:0${port}`,
      `user@127.0.0.1:${port}`,
      `127.0.0.1:${port}, 127.0.0.1:${port}`,
      `127.0.0.1:${port}/`,
      `localhost:${port}`,
      "\u00fc",
      "",
    ])
      expect([host, await get("/bundle", host)]).toEqual([host, 404]); // oxlint-disable-line no-await-in-loop
    expect(await get("/two/bundle", bundle)).toBe(404);
    // Two of them: neither counts. None: not HTTP/1.1, and nobody's in HTTP/1.0.
    for (const second of ["evil.example", bundle])
      expect(await get("/bundle", bundle, second)).not.toBe(200); // oxlint-disable-line no-await-in-loop
    expect(await get("/bundle")).toBe(400);
    expect(await status("GET /bundle HTTP/1.0")).toBe(404);
    // A whole URL says it in place of the Host (RFC 9112 §3.2.2).
    expect(await get(`http://${bundle}/bundle`, "evil.example")).toBe(200);
    expect(await get(`https://localhost:${port}/two/bundle`, bundle)).toBe(200);
    expect(await get("http://evil.example/bundle", bundle)).toBe(404);
    expect(await get(`http://user@${bundle}/bundle`, bundle)).toBe(404);
    expect(await get(`http://localhost:${port}/two/../bundle`, bundle)).toBe(404);
    const spoof = [`X-Forwarded-Host: localhost:${port}`, `Forwarded: host=localhost:${port}`];
    expect(await status("GET /two/bundle HTTP/1.1", `Host: ${bundle}`, ...spoof)).toBe(404);
    for (const path of ["/healthz", "/readyz", "/openapi.json"])
      expect(await get(path, "evil.example")).toBe(200); // oxlint-disable-line no-await-in-loop

    await quickly(["key", "new"], { cwd });
    const asking = { one: await askingFor(cwd, one), two: await askingFor(cwd, two) };
    for (const [domain, body] of [
      [one, asking.one],
      [two, asking.two],
    ] as const) {
      const answer = await post(`${domain.issuer}/v1/svids`, body); // oxlint-disable-line no-await-in-loop
      const issued = (await answer.json()) as Record<string, unknown>; // oxlint-disable-line no-await-in-loop
      expect(issued["spiffe_id"]).toBe(`spiffe://${domain.name}.example/dev/app`);
      const own = await (await fetch(`${domain.issuer}/bundle`)).json(); // oxlint-disable-line no-await-in-loop
      expect(issued["bundle"]).toEqual(own);
    }
    // Evidence for the one is nothing to the other, by the way past Hono and the way through it.
    expect((await post(`${one.issuer}/v1/svids`, asking.two)).status).toBe(403);
    expect((await post(`${two.issuer}/v1/svids?x`, asking.one)).status).toBe(403);
    const nowhere = await raw(
      port,
      "POST /v1/svids HTTP/1.1",
      "Host: evil.example",
      "Content-Type: application/json",
      "Content-Length: 0",
    );
    expect(nowhere.status).toBe(404);
    const lines = (): unknown[] =>
      server
        .stdout()
        .trim()
        .split("\n")
        .map((line) => [record(line).event, record(line).trust_domain]);
    await expect.poll(lines).toEqual(
      ["one", "two"]
        .flatMap((name) => [
          ["intent", `${name}.example`],
          ["outcome", `${name}.example`],
        ])
        .concat([
          ["refused", "one.example"],
          ["refused", "two.example"],
        ]),
    );
    const bearer = { headers: { authorization: "Bearer t0ken" } };
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`, bearer)).text();
    for (const name of ["one", "two"])
      expect(metrics).toContain(
        `svidmint_requests_total{trust_domain="${name}.example",outcome="issued"} 1`,
      );
  });

  it("reads each of its files again on its own at SIGHUP", async () => {
    const { cwd, one, two, server } = await served();
    const path = (domain: InitialisedDomain): string => join(cwd, domain.config);
    const texts = [await readFile(path(one), "utf8"), await readFile(path(two), "utf8")] as const;
    await writeFile(path(one), texts[0].replaceAll("/dev/{", "/new/{"));
    await writeFile(path(two), `${texts[1]}nonsense: true\n`);
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr()).toContain(`${two.config}: the configuration was not`);
    expect(server.stderr()).toContain(`${one.config}: the configuration was read again`);
    await quickly(["key", "new"], { cwd });
    for (const [domain, id] of [
      [one, "spiffe://one.example/new/app"],
      [two, "spiffe://two.example/dev/app"],
    ] as const) {
      await writeFile(path(two), texts[1]); // oxlint-disable-line no-await-in-loop
      const answer = await post(`${domain.issuer}/v1/svids`, await askingFor(cwd, domain)); // oxlint-disable-line no-await-in-loop
      expect(await answer.json()).toMatchObject({ spiffe_id: id }); // oxlint-disable-line no-await-in-loop
    }
    // What both may not have is refused to whoever comes second, by the name of the first.
    const msi =
      "evidence:\n  azure_msi: { tenants: [6f0c0000-0000-4000-8000-00000000abcd], audience: api://x }";
    await writeFile(path(one), texts[0].replace("evidence:", msi));
    await writeFile(path(two), texts[1].replace("evidence:", msi));
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr()).toContain(`${one.config} believes tenant 6f0c0000`);
    expect(server.stderr()).toContain("shared: true in both");
    // And given up by the first, in the same moment: the order of the files decides nothing.
    const told = server.stderr().length;
    await writeFile(path(one), texts[0]);
    server.child.kill("SIGHUP");
    await expect
      .poll(() => server.stderr().slice(told))
      .toContain(`${two.config}: the configuration was read again and is in force`);
  });

  it("does not start where they are not apart, and policy check says the same", async () => {
    const cwd = await folder();
    const { one, two } = await twoInitialised(cwd);
    const second = join(cwd, two.config);
    const text = await readFile(second, "utf8");
    const files = ["--config", one.config, "--config", two.config];
    expect(await quickly(["policy", "check", ...files], { cwd })).toMatchObject({ code: 0 });
    expect((await quickly(["serve", ...files], { cwd })).stderr).toContain("--listen");
    await writeFile(
      second,
      text.replaceAll("two.example", "one.example").replace(two.issuer, `${one.issuer}/below`),
    );
    const same = await quickly(["policy", "check", "--json", ...files], { cwd });
    expect(same.code).toBe(2);
    const { ok, issues } = json(same) as { ok: boolean; issues: Record<string, unknown>[] };
    expect(ok).toBe(false);
    const errors = issues.filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([
      { file: two.config, path: "trust_domain", message: expect.stringContaining(one.config) },
      { file: two.config, path: "issuer", message: expect.stringContaining(one.config) },
    ]);
    const ran = await svidmint(["serve", "--listen", "127.0.0.1:0", ...files], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/two\/svidmint\.yaml:\d+:\d+: error: issuer: is at or below/);
  });

  it("tells what is wrong with the keys of both before it opens either", async () => {
    const cwd = await folder();
    const { one, two, port } = await twoInitialised(cwd);
    const key =
      "{ id: a, backend: local, private_key: file:gone.key, published_at: 2026-01-01T00:00:00Z }";
    for (const { config } of [one, two]) {
      const own = await readFile(join(cwd, config), "utf8"); // oxlint-disable-line no-await-in-loop
      const text = `${own.slice(0, own.indexOf("\nrules:"))}\nkeys: { jwt: [${key}] }\nsingle_instance: true\naudit: { sink: file:audit.log }\nrules: []\n`;
      await writeFile(join(cwd, config), text); // oxlint-disable-line no-await-in-loop
    }
    const before = await readdir(cwd, { recursive: true });
    const files = ["--config", one.config, "--config", two.config];
    const ran = await svidmint(["serve", "--listen", `127.0.0.1:${port}`, ...files], { cwd });
    expect(ran.code).toBe(2);
    for (const { config } of [one, two])
      expect(ran.stderr).toMatch(
        new RegExp(`^${config}:\\d+:\\d+: error: keys\\.jwt\\.0\\.private_key: .*gone\\.key`, "m"),
      );
    expect(await readdir(cwd, { recursive: true })).toEqual(before);
  });

  it("does not start where both would have one folder, or one key", async () => {
    const cwd = await folder();
    const { one, two, port } = await twoInitialised(cwd);
    const text = await readFile(join(cwd, two.config), "utf8");
    await writeFile(join(cwd, "one", "two.yaml"), text);
    const listen = ["serve", "--listen", `127.0.0.1:${port}`, "--config", one.config, "--config"];
    const shared = await svidmint([...listen, "one/two.yaml"], { cwd });
    expect(shared.code).toBe(2);
    expect(shared.stderr).toMatch(/one\/two\.yaml:.*keeps keys or claims in .*one\/\.svidmint, as/);
    // A key of the one that the other names as its own.
    const key =
      "{ id: a, backend: local, private_key: file:jwt.key, published_at: 2026-01-01T00:00:00Z }";
    await quickly(["key", "new", "--out", "jwt", "--force"], { cwd });
    const pem = await readFile(join(cwd, "jwt.key"), "utf8");
    for (const { name, config } of [one, two]) {
      await writeFile(join(cwd, name, "jwt.key"), pem, { mode: 0o600 }); // oxlint-disable-line no-await-in-loop
      const own = await readFile(join(cwd, config), "utf8"); // oxlint-disable-line no-await-in-loop
      const rules = own.indexOf("\nrules:");
      await writeFile(
        join(cwd, config),
        `${own.slice(0, rules)}\nkeys: { jwt: [${key}] }\nsingle_instance: true\nrules: []\n`,
      ); // oxlint-disable-line no-await-in-loop
    }
    const ran = await svidmint([...listen, two.config], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("keys.jwt: a is a key of one/svidmint.yaml, too");
  });
});

it("svidmint policy compile writes several as a list, which the next check takes one by one", async () => {
  const cwd = await folder();
  const { one, two } = await twoInitialised(cwd);
  const files = ["--config", one.config, "--config", two.config];
  const list = json(await quickly(["policy", "compile", ...files], { cwd }));
  expect(list).toMatchObject([{ trust_domain: "one.example" }, { trust_domain: "two.example" }]);
  expect(
    (await quickly(["policy", "diff", one.config, "--config", "x", "--config", "y"], { cwd })).code,
  ).toBe(2);
});
