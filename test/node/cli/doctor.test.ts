import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadKeys } from "../../../src/cli/keys/load.ts";
import { publicKeySet } from "../../../src/cli/keys/material.ts";
import { computedBundles } from "../../../src/cli/keys/published.ts";
import { quickly, temporaryFolders, type Ran } from "./run.ts";
import { instant, makeTrustDomain, variant } from "./trust-domain.ts";

interface Found {
  readonly check: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
  readonly fix?: string;
}

const folder = temporaryFolders();
let cwd: string;
let url: string;
let respond: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
const server = createServer((request, response) => respond(request, response));
beforeAll(async () => {
  cwd = await folder();
  await makeTrustDomain(cwd);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const doctor = (...args: string[]) => quickly(["doctor", ...args], { cwd });
const findings = (ran: Ran): Found[] => JSON.parse(ran.stdout).findings;
const bad = (ran: Ran) =>
  findings(ran).filter(({ severity }) => severity === "error" || severity === "warning");
const bundleOf = async (config: string): Promise<string> => {
  const now = Math.floor(Date.now() / 1000);
  const loaded = await loadKeys(join(cwd, config));
  return (await computedBundles(loaded, await publicKeySet(loaded, now), now))["/bundle"].body;
};
const serves = (body: string, date?: string): void => {
  respond = (_request, response) => {
    response.writeHead(200, date === undefined ? {} : { date });
    response.end(body);
  };
};

describe("svidmint doctor", () => {
  it("finds nothing to mend where all is well", async () => {
    serves(await bundleOf("svidmint.yaml"));
    const ran = await doctor("--live", url, "--json");
    expect(bad(ran)).toEqual([]);
    expect(ran.code).toBe(0);
    const checks = new Set(findings(ran).map(({ check }) => check));
    for (const name of [
      "configuration",
      "signing keys",
      "certificates",
      "files",
      "clock",
      "served bundle",
      "audit log",
    ])
      expect(checks).toContain(name);
    expect((await doctor()).stdout).toMatch(/\n0 errors, 0 warnings, 2 skipped\n$/);
  });

  it.for<[string, (text: string) => string, Partial<Found>]>([
    [
      "a rule that is wrong",
      (text) => text.replace("spiffe_id: /api", "spiffe_id: api"),
      { check: "configuration", severity: "error" },
    ],
    [
      "a private key that is gone",
      (text) => text.replace("jwt-7.key", "gone.key"),
      {
        check: "signing keys",
        severity: "error",
        subject: "keys.jwt.jwt-7.private_key",
        fix: expect.stringMatching(/put the file there/),
      },
    ],
    [
      "a public half that is another's",
      (text) => text.replace("jwt-7.pub", "jwt-spare.pub"),
      {
        check: "signing keys",
        severity: "error",
        subject: "keys.jwt.jwt-7.public_key",
        fix: expect.stringMatching(/keys verify/),
      },
    ],
    [
      "a list without a standby",
      (text) => text.replace(/ {4}- id: jwt-spare[^]*?standby\n/, ""),
      { check: "signing keys", severity: "warning", fix: expect.stringMatching(/--standby/) },
    ],
    [
      "an audit log in no folder",
      (text) => `${text}audit: { sink: file:nowhere/audit.log }\n`,
      {
        check: "audit log",
        severity: "error",
        message: expect.stringMatching(/ENOENT.*nothing would be signed/),
        fix: expect.stringMatching(/writable/),
      },
    ],
    [
      "an algorithm of another key",
      (text) =>
        text.replace(
          "public_key: file:jwt-7.pub",
          "public_key: file:jwt-7.pub\n      algorithm: RS256",
        ),
      { check: "signing keys", severity: "error", subject: "keys.jwt.jwt-7.algorithm" },
    ],
  ])("finds %s, and says how to mend it", async ([name, edit, expected]) => {
    const config = await variant(cwd, `${name.replaceAll(/\W/g, "-")}.yaml`, edit);
    const ran = await doctor("--config", config, "--json");
    expect(bad(ran)).toContainEqual(expect.objectContaining(expected));
    expect(ran.code).toBe(expected.severity === "error" ? 1 : 0);
  });

  it("finds files that others can read or write", async () => {
    const open = await folder();
    await makeTrustDomain(open);
    await chmod(join(open, "jwt-7.key"), 0o640);
    const inVault = [
      "  jwt:",
      "    - id: jwt-8",
      "      backend: vault_transit",
      "      key: https://127.0.0.1:1/v1/transit/keys/jwt-8",
      "      login: { method: token, token: file:vault.token }",
      "      public_key: file:jwt-7.pub",
      "      published_at: 2026-01-01T00:00:00Z",
      "      active_from: standby",
    ];
    await writeFile(join(open, "vault.token"), "hvs.hunter2", { mode: 0o644 });
    await variant(open, "svidmint.yaml", (text) =>
      text.replace("\n  jwt:", `\n${inVault.join("\n")}`),
    );
    await chmod(join(open, "svidmint.yaml"), 0o666);
    await chmod(join(open, "jwt-7.pub"), 0o666);
    await mkdir(join(open, ".svidmint"), { mode: 0o755 });
    const ran = await quickly(["doctor", "--json"], { cwd: open });
    expect(ran.code).toBe(1);
    const found = bad(ran).filter(({ check }) => check === "files");
    expect(
      found.map(({ subject, fix }) => [subject.split("/").at(-1), fix?.split(" ")[1]]),
    ).toEqual([
      ["svidmint.yaml", "go-w"],
      [".svidmint", "go-rwx"],
      ["jwt-7.pub", "go-w"],
      ["jwt-7.key", "go-rwx"],
      ["vault.token", "o-rwx"],
    ]);
    expect(ran.stdout).not.toContain("hunter2");
  });

  it.for<[string, () => Promise<string>, Partial<Found> | undefined]>([
    [
      "an older bundle",
      async () => {
        const config = await variant(
          cwd,
          "newer.yaml",
          (text) =>
            `${text}bundle: { changed_at: ${instant(Math.floor(Date.now() / 1000) - 5)} }\n`,
        );
        serves(await bundleOf("svidmint.yaml"));
        return config;
      },
      { severity: "warning", message: expect.stringMatching(/older bundle/) },
    ],
    [
      "a newer bundle",
      async () => {
        serves(await bundleOf("newer.yaml"));
        return "svidmint.yaml";
      },
      { severity: "error", message: expect.stringMatching(/spiffe_sequence falls/) },
    ],
    [
      "no bundle",
      async () => {
        serves("<html>");
        return "svidmint.yaml";
      },
      { severity: "error", message: expect.stringMatching(/no SPIFFE bundle/) },
    ],
  ])("compares what is served: %s", async ([, arrange, expected]) => {
    const config = await arrange();
    const ran = await doctor("--config", config, "--live", url, "--json");
    expect(bad(ran).filter(({ check }) => check === "served bundle")).toEqual([
      expect.objectContaining(expected),
    ]);
  });

  it.for([
    [-3600, "error", "ahead of"],
    [3600, "error", "behind"],
    [10, "warning", "behind"],
    [0, "good", "agree"],
  ] as const)("judges a clock that differs by %i s as %s", async ([off, severity, words]) => {
    respond = (_request, response) => {
      response.writeHead(200, { date: new Date(Date.now() + off * 1000).toUTCString() });
      response.end("{}");
    };
    const found = findings(await doctor("--live", url, "--json")).filter(
      ({ check }) => check === "clock",
    );
    expect(found).toEqual([
      expect.objectContaining({ severity, message: expect.stringContaining(words) }),
    ]);
  });

  it("asks issuers of evidence only when told", async () => {
    respond = (request, response) => {
      const jwks_uri = `${url}/keys`;
      response.end(JSON.stringify(request.url === "/keys" ? { keys: [{}, {}] } : { jwks_uri }));
    };
    const config = await variant(cwd, "oidc.yaml", (text) =>
      text
        .replace("https://id.example.org", "http://127.0.0.1:1")
        .replace("evidence:\n", `evidence:\n  oidc: { ci: { issuer: "${url}", pin: issuer } }\n`),
    );
    const quiet = findings(await doctor("--config", config, "--json"));
    expect(quiet.find(({ check }) => check === "evidence")).toMatchObject({ severity: "skipped" });
    const asked = findings(await doctor("--config", config, "--json", "--evidence"));
    expect(asked.find(({ check }) => check === "evidence")).toMatchObject({
      severity: "good",
      message: "2 keys were fetched",
    });
    respond = (_request, response) => void response.writeHead(500).end();
    const failed = await doctor("--config", config, "--json", "--evidence");
    expect(failed.code).toBe(1);
    expect(bad(failed)).toContainEqual(
      expect.objectContaining({
        check: "evidence",
        message: expect.stringContaining("status 500"),
      }),
    );
  });

  it("looks at the claim store", async () => {
    const config = await variant(
      cwd,
      "claims.yaml",
      (text) => `${text}single_instance: true\nclaims: { store: file }\n`,
    );
    const before = findings(await doctor("--config", config, "--json"));
    expect(before.find(({ check }) => check === "claim store")).toMatchObject({
      severity: "skipped",
    });
    await mkdir(join(cwd, ".svidmint"), { mode: 0o700 });
    const after = findings(await doctor("--config", config, "--json"));
    expect(after.find(({ check }) => check === "claim store")).toMatchObject({ severity: "good" });
  });

  it("says what is to be done where there are no keys", async () => {
    const config = await variant(cwd, "none.yaml", (text) => text.replace(/keys:\n[^]*/, ""));
    const ran = await doctor("--config", config, "--json");
    expect(bad(ran)).toContainEqual(
      expect.objectContaining({ subject: "keys", fix: expect.stringContaining("keys create") }),
    );
  });
});
