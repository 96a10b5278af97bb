import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders, type Ran } from "./run.ts";
import { initialised, serve } from "./server.ts";

const folder = temporaryFolders();

/** Each in a part of its own; half are of form, half show only when something is opened. */
const TEN = `trust_domain: prod.example.org
issuer: http://prod.example.org
audit: { sink: syslog }
bundle: { refresh_hint: 5m }
peers:
  pinned.example: { bundle: file:pinned.json }
evidence:
  aws_iid: { accounts: [111122223333] }
  azure_msi: { tenants: [6F0C], audience: api://x, jwks: file:entra.jwks }
  oidc:
    ci: { preset: github_action, repository_owner_id: ["1"], jwks: file:ci.jwks }
keys:
  jwt:
    - { id: jwt, backend: local, private_key: file:jwt.key, public_key: file:jwt.pub, published_at: 2026-01-01T00:00:00Z }
rules:
  - { name: a, evidence: { oidc.ci: {} }, spiffe_id: /a, x509: { ttl: 5 years } }
`;
const TOLD: readonly (readonly [place: string, path: string, fix: string])[] = [
  ["2:1", "issuer", "an https URL"],
  ["3:10", "audit.sink", "expected stdout, or file: and a path"],
  ["6:21", "peers.pinned.example.bundle", "pinned.json does not exist"],
  ["8:25", "evidence.aws_iid.accounts.0", "quote it"],
  ["9:26", "evidence.azure_msi.tenants.0", "a UUID in lower case"],
  ["9:52", "evidence.azure_msi.jwks", "entra.jwks does not exist"],
  ["11:11", "evidence.oidc.ci.preset", "there is none of that name: github_actions"],
  ["11:62", "evidence.oidc.ci.jwks", "ci.jwks does not exist"],
  ["14:61", "keys.jwt.0.public_key", "jwt.pub does not exist"],
  ["16:66", "rules.0.x509.ttl", "a whole number and a unit"],
];

async function written(name: string): Promise<string> {
  const cwd = await folder();
  await writeFile(join(cwd, name), TEN);
  return cwd;
}

/** The ten lines, whole and in order. */
function expectTen(text: string, file: string): void {
  const lines = text.split("\n").filter((line) => line.includes(": error: "));
  const places = lines.map((line) => line.replace(/: error: ([^:]+): .*$/, " $1"));
  expect(places).toEqual(TOLD.map(([place, path]) => `${file}:${place} ${path}`));
  for (const [index, [, , fix]] of TOLD.entries()) expect(lines[index]).toContain(fix);
}

describe("ten mistakes in ten places", () => {
  it("are told at once by policy check, in the order of the file", async () => {
    const cwd = await written("svidmint.yaml");
    const ran: Ran = await quickly(["policy", "check"], { cwd });
    expect(ran.code).toBe(2);
    expectTen(ran.stdout, "svidmint.yaml");
    const { ok, issues } = json(await quickly(["policy", "check", "--json"], { cwd }));
    expect(ok).toBe(false);
    expect(issues).toHaveLength(10);
  });

  it("are told at once by serve, which exits with 2; and a private key that is missing", async () => {
    const cwd = await written("ten.yaml");
    const ran = await svidmint(["serve", "--config", "ten.yaml"], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    const secret =
      /^ten\.yaml:14:34: error: keys\.jwt\.0\.private_key: .*jwt\.key does not exist\n/m;
    expect(ran.stderr).toMatch(secret);
    expectTen(ran.stderr.replace(secret, ""), "ten.yaml");
  });

  it("are told at once at SIGHUP, and the configuration before goes on", async () => {
    const { cwd, url } = await initialised(await folder());
    const server = await serve(cwd, url);
    const bundle = await (await fetch(`${url}/bundle`)).text();
    const path = join(cwd, "svidmint.yaml");
    const first = await readFile(path, "utf8");
    await writeFile(path, TEN);
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr()).toContain("rules.0.x509.ttl");
    expect(server.stderr()).toContain("the one before stays in force");
    expectTen(server.stderr().replace(/^.*private_key: .*\n/m, ""), "svidmint.yaml");
    expect(await (await fetch(`${url}/bundle`)).text()).toBe(bundle);
    await writeFile(path, first);
    server.child.kill("SIGHUP");
    await expect.poll(() => server.stderr()).toContain("was read again and is in force");
  });
});

describe("what shows only when keys are opened in earnest", () => {
  it("has its line and column, too", async () => {
    const cwd = await folder();
    const keys = TEN.slice(TEN.indexOf("keys:"), TEN.indexOf("rules:"));
    await writeFile(
      join(cwd, "keys.yaml"),
      `trust_domain: prod.example.org\nissuer: https://prod.example.org\n${keys}rules: []\n`,
    );
    const ran = await quickly(["serve", "--config", "keys.yaml"], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^keys\.yaml:5:34: error: keys\.jwt\.0\.private_key: /m);
    expect(ran.stderr).toMatch(/^keys\.yaml:5:61: error: keys\.jwt\.0\.public_key: /m);
  });
});
