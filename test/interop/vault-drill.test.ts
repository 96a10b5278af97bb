import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import {
  AUDIENCE,
  makeConfiguration,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
} from "../../scripts/interop/configuration.ts";
import { freePort } from "../../scripts/free-port.ts";
import { answers, startServer, type Server } from "../../scripts/interop/processes.ts";
import { projectRoot } from "../../scripts/interop/programs.ts";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { counterparts } from "./support/counterparts.ts";
import { Load } from "./support/load.ts";
import { operatorShell } from "./support/operator.ts";
import { blockOf } from "./support/page.ts";
import { createToken } from "./support/vault.ts";
import { startWatcher, type Watcher } from "./support/watcher.ts";

const needs = counterparts("vault", "watch-bundle");
const PAGE = "signers/vault-transit.md";
const HEADING = "Setting it up";
/** From the start on, until the second keys take over from the first. */
const ROTATION_MS = 45_000;

interface Entry {
  readonly id: string;
  readonly published_at: string;
  readonly active_from?: string;
}
interface Document {
  readonly keys: Readonly<Record<"x509" | "jwt", readonly Entry[]>>;
}
const instant = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/\.\d+Z/, "Z");

describe.skipIf(needs.absent)(`a trust domain in Vault, from its page alone${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  const folder = mkdtempSync(join(tmpdir(), "drill-"));
  const file = join(folder, "svidmint.yaml");
  const servers = new Map<number, Server>();
  let ports: readonly [number, number];
  let vault: Vault;
  let load: Load;
  let watcher: Watcher;
  let token: string;
  let shell: (script: string) => Promise<string>;

  async function start(port: number): Promise<void> {
    const args = [join(projectRoot, "dist/cli/main.js"), "serve", "--config", file];
    const server = await startServer(process.execPath, [...args, "--listen", `127.0.0.1:${port}`], {
      cwd: folder,
      env: { VAULT_TOKEN: token },
      deadlineMs: 10 * 60_000,
      ready: () => answers(`http://127.0.0.1:${port}/readyz`),
    });
    servers.set(port, server);
  }

  /** One after the other, while the load goes on. */
  async function restart(): Promise<void> {
    for (const port of ports) {
      await servers.get(port)?.stop(); // oxlint-disable-line no-await-in-loop -- one at a time
      await start(port); // oxlint-disable-line no-await-in-loop
    }
  }

  /** The commands of the page, for the keys of one number. */
  const makeKeys = (number: string, from = 0): Promise<string> => {
    const lines = blockOf(PAGE, HEADING, "sh").split("\n").slice(from);
    return shell(lines.join("\n").replaceAll(/\b(root|jwt)-1\b/g, `$1-${number}`));
  };

  /** Entries as the commands wrote them, of keys that verifiers have known for a while. */
  function published(number: string, more: Partial<Entry> = {}): Document["keys"] {
    const known = { published_at: instant(Date.now() - 600_000) };
    const read = (name: string): Entry[] =>
      parse(readFileSync(join(folder, `${name}-${number}.entry.yaml`), "utf8"));
    const entries = (name: string) => read(name).map((entry) => ({ ...entry, ...known, ...more }));
    return { x509: entries("root"), jwt: entries("jwt") };
  }

  /** The next keys, brought in as the page says, on one instance after the other. */
  async function bringIn(number: string): Promise<void> {
    await makeKeys(number, 1);
    await shell("cp svidmint.yaml new.yaml");
    for (const [use, name] of [
      ["x509", "root"],
      ["jwt", "jwt"],
    ]) {
      const plan = `svidmint keys plan-rotation ${use} --entry ${name}-${number}.entry.yaml`;
      await shell(`${plan} --config new.yaml --write`); // oxlint-disable-line no-await-in-loop -- in order
    }
    await shell(`svidmint keys apply new.yaml --to svidmint.yaml --live ${load.issuer}`);
    await restart();
  }

  /** The policy of the page, for all keys there are. */
  async function allow(...numbers: readonly string[]): Promise<void> {
    const policy = blockOf(PAGE, "Least permissions", "hcl");
    const text = numbers.map((number) => policy.replaceAll('-1"', `-${number}"`)).join("");
    writeFileSync(join(folder, "svidmint.hcl"), text);
    await shell("vault policy write svidmint svidmint.hcl");
  }

  beforeAll(async () => {
    vault = stack.use(await startVault(needs.path("vault")));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    stack.defer(async () => {
      for (const server of servers.values()) await server.stop(); // oxlint-disable-line no-await-in-loop -- two
    });
    ports = [await freePort(), await freePort()];
    const issuer = `http://127.0.0.1:${ports[0]}`;
    shell = operatorShell(vault, needs.path("vault"), folder);
    const configuration = {
      ...makeConfiguration({ issuer, evidence }),
      bundle: { refresh_hint: "1m" },
    };
    writeFileSync(file, stringify(configuration));
    await makeKeys("1");
    await makeKeys("2", 1);
    const first = published("1");
    const second = published("2", { active_from: instant(Date.now() + ROTATION_MS) });
    const keys = { x509: [...first.x509, ...second.x509], jwt: [...first.jwt, ...second.jwt] };
    writeFileSync(file, stringify({ ...configuration, keys }));
    await allow("1", "2", "3");
    token = await createToken(vault, "svidmint");
    for (const port of ports) await start(port); // oxlint-disable-line no-await-in-loop -- two
    watcher = stack.use(startWatcher(needs.path("watch-bundle"), TRUST_DOMAIN, `${issuer}/bundle`));
    while ((await watcher.ask()).x509_authorities === 0) await sleep(100); // oxlint-disable-line no-await-in-loop -- until it has fetched once
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    load = new Load({
      issuer,
      urls,
      evidence,
      judge: (shown) => watcher.ask(shown),
      audience: AUDIENCE,
    });
    load.start();
  });
  afterAll(() => stack.disposeAsync());

  it("has the members that the page shows", () => {
    const page: Document = parse(blockOf(PAGE, HEADING, "yaml"));
    const made: Document = parse(readFileSync(file, "utf8"));
    for (const use of ["x509", "jwt"] as const) {
      const shown = Object.keys(page.keys[use][0] ?? {}).filter((name) => name !== "login");
      expect(Object.keys(made.keys[use][0] ?? {}).toSorted()).toEqual(shown.toSorted());
    }
  });

  it("is found well by its operator, whose own token may more than an issuer's", async () => {
    const verified = await shell("svidmint keys verify --sign --json");
    expect(JSON.parse(verified)).toMatchObject({
      ok: true,
      keys: [
        { id: "root-1", result: "good", message: expect.stringContaining("signs") },
        { id: "root-2", result: "good" },
        { id: "jwt-1", result: "good", message: expect.stringContaining("unwraps") },
        { id: "jwt-2", result: "good" },
      ],
    });
    const examined = await shell("svidmint doctor || true");
    expect(examined).toMatch(/root on transit\/keys\/root-1/);
    expect(examined).toMatch(/path "transit\/sign\/root-1" \{ capabilities = \["update"\] \}/);
    const again = "svidmint keys create jwt --id jwt-1 --backend vault_transit --create --force";
    await expect(shell(again)).rejects.toThrow(/is there already/);
  });

  const patience = { timeout: ROTATION_MS + 60_000 };
  it("is rotated under load, and no SVID is refused by who watches", patience, async () => {
    const [before] = load.all;
    await expect.poll(() => load.all.at(-1)?.kid, patience).not.toBe(before?.kid);
    const after = await load.next();
    expect(after.root).not.toBe(before?.root);
    expect(load.refused).toEqual([]);
    // What the old keys signed is accepted for as long as it lives.
    expect(await load.judgeAll()).toEqual([]);
  });

  it("takes the next keys in under load, one instance after the other", async () => {
    await bringIn("3");
    await expect
      .poll(() => watcher.ask())
      .toMatchObject({ x509_authorities: 3, jwt_authorities: 3 });
    const { sequences } = await watcher.ask();
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    await load.next();
    expect(load.refused).toEqual([]);
    expect(await load.judgeAll()).toEqual([]);
  });

  it("issues on after kill -9 of Vault, which knows the same keys when it is back", async () => {
    await vault.kill();
    const issued = load.all.length;
    await expect.poll(() => load.all.length).toBeGreaterThan(issued + 10);
    await vault.start();
    await restart();
    await load.next();
    expect(load.refused).toEqual([]);
    expect(await load.judgeAll()).toEqual([]);
  });

  it("drops a lost key at once, and what it signed is refused from then on", async () => {
    await load.stop();
    const { kid } = await load.next();
    await shell(
      "cp svidmint.yaml new.yaml && svidmint keys plan-rotation jwt --emergency jwt-1 --config new.yaml --write",
    );
    await shell(`svidmint keys apply new.yaml --to svidmint.yaml --live ${load.issuer}`);
    const { sequence } = await watcher.ask();
    await restart();
    await expect.poll(async () => (await watcher.ask()).jwt_authorities).toBe(2);
    expect((await watcher.ask()).sequence).toBeGreaterThan(sequence);
    const refused = await load.judgeAll();
    expect(refused.length).toBeGreaterThan(0);
    expect((await load.next()).kid).toBe(kid);
  });
});
