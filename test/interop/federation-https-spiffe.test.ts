import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  makeConfiguration,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
} from "../../scripts/interop/configuration.ts";
import { freePort } from "../../scripts/free-port.ts";
import { answers, startServer } from "../../scripts/interop/processes.ts";
import { projectRoot } from "../../scripts/interop/programs.ts";
import { makeSigningKeys } from "../../scripts/interop/signing-keys.ts";
import { peersSchema } from "../../src/federation/peers-schema.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { openPeers } from "../../src/runtimes/node/peers.ts";
import { counterparts } from "./support/counterparts.ts";
import { startGoFederation, type GoFederation } from "./support/go-federation.ts";

const needs = counterparts("federate-spiffe");
const ENDPOINT_ID = `spiffe://${TRUST_DOMAIN}/svidmint/bundle-endpoint`;
const TOKEN = "metrics-of-the-interop-tests";
/** From the start on, until the second root takes over; the others follow each after the next pause. */
const FIRST_MS = 20_000;
const PAUSE_MS = 5_000;

const data = (text: string): string => `data:;base64,${Buffer.from(text).toString("base64")}`;
const instant = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/\.\d+Z/, "Z");

/** Four roots that take over from one another; each is gone soon after, and the next but one comes. */
async function roots(begin: number) {
  const env: Record<string, string> = {};
  const at = (step: number): string => instant(begin + step * PAUSE_MS);
  const entries = [];
  for (let number = 0; number < 4; number++) {
    const { x509Key, certificate } = await makeSigningKeys(); // oxlint-disable-line no-await-in-loop
    env[`ROOT_${number}`] = x509Key;
    entries.push({
      id: `root-${number}`,
      backend: "local",
      private_key: `env:ROOT_${number}`,
      certificate: data(certificate),
      published_at: number < 2 ? `2026-01-0${number + 1}T00:00:00Z` : at(number - 2),
      ...(number > 0 && { active_from: at(number - 1) }),
      ...(number < 3 && { removed_at: at(number + 0.6) }),
    });
  }
  return { entries, env };
}

describe.skipIf(needs.absent)(`https_spiffe with go-spiffe${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "https-spiffe-"));
  let url: string;
  let endpoint: string;
  let begin: number;
  let partner: GoFederation;

  beforeAll(async () => {
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    partner = stack.use(await startGoFederation(needs.path("federate-spiffe")));
    const [port, endpointPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}`;
    endpoint = `127.0.0.1:${endpointPort}`;
    const { jwtKey } = await makeSigningKeys();
    begin = Date.now() + FIRST_MS;
    const { entries, env } = await roots(begin);
    const published_at = "2026-01-01T00:00:00Z";
    const jwt = { id: "jwt-1", backend: "local", private_key: "env:JWT_KEY", published_at };
    const configuration = {
      ...makeConfiguration({
        issuer: url,
        evidence: makeEvidenceIssuer(),
        keys: { x509: entries, jwt: [jwt] },
        audit: { sink: "file:audit.jsonl" },
      }),
      bundle: { refresh_hint: "1m" },
      peers: {
        [partner.trustDomain]: {
          url: partner.url,
          profile: "https_spiffe",
          endpoint_spiffe_id: partner.endpointId,
          bundle: data(partner.bundle),
          allow_private_addresses: true,
        },
      },
    };
    const file = join(folder, "svidmint.yaml"); // JSON is YAML
    writeFileSync(file, JSON.stringify(configuration));
    const args = [join(projectRoot, "dist/cli/main.js"), "serve", "--config", file];
    stack.use(
      await startServer(process.execPath, [...args, "--bundle-endpoint", endpoint], {
        cwd: folder,
        env: { ...env, JWT_KEY: jwtKey, SVIDMINT_METRICS_TOKEN: TOKEN },
        deadlineMs: 5 * 60_000,
        ready: () => answers(`${url}/readyz`),
      }),
    );
  });
  afterAll(() => stack.disposeAsync());

  const outcomes = async (): Promise<Record<string, number>> => {
    const response = await fetch(`${url}/metrics`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const pattern =
      /^svidmint_peer_refreshes_total\{(?=.*partner\.example).*outcome="(\w+)".*\} (\d+)$/gm;
    const found = (await response.text()).matchAll(pattern);
    return Object.fromEntries(Array.from(found, ([, name = "", count]) => [name, Number(count)]));
  };
  const asked = { op: "fetch", trust_domain: TRUST_DOMAIN, endpoint_id: ENDPOINT_ID } as const;

  it("go-spiffe follows three rotations of ours by what it fetched last, and never fails", async () => {
    const target = `https://${endpoint}/bundle`;
    const bundle = await (await fetch(`${url}/bundle`)).json();
    const seen = [await partner.ask({ ...asked, url: target, bundle })];
    while (Date.now() < begin + 3 * PAUSE_MS) {
      seen.push(await partner.ask({ ...asked, url: target })); // oxlint-disable-line no-await-in-loop
      await sleep(100); // oxlint-disable-line no-await-in-loop
    }
    expect(seen.filter(({ ok }) => !ok)).toEqual([]);
    const sequences = seen.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBeGreaterThanOrEqual(6);
    expect(seen.at(-1)?.x509_authorities).toBe(1);
    // None of the first bundle's roots is left: who slept through it all has to be told anew.
    const late = await partner.ask({ ...asked, url: target, bundle });
    expect(late).toMatchObject({ ok: false, error: expect.stringContaining("unknown authority") });
  }, 90_000);

  it("go-spiffe takes it for nobody else", async () => {
    const target = `https://${endpoint}/bundle`;
    const bundle = await (await fetch(`${url}/bundle`)).json();
    const other = { ...asked, endpoint_id: `${ENDPOINT_ID}2`, url: target, bundle };
    expect(await partner.ask(other)).toMatchObject({
      ok: false,
      error: expect.stringContaining("unexpected ID"),
    });
    const stranger = { ...asked, url: target, bundle: JSON.parse(partner.bundle) };
    expect(await partner.ask(stranger)).toMatchObject({ ok: false });
    expect(await partner.ask({ ...asked, url: target, bundle })).toMatchObject({ ok: true });
  });

  it("the issuer fetches go-spiffe's bundle by its hint, and gives it up for nobody", async () => {
    await expect.poll(outcomes).toMatchObject({ refreshed: expect.any(Number) });
    await partner.ask({ op: "publish" });
    const before = (await outcomes())["refreshed"] ?? 0;
    await expect.poll(outcomes).toEqual({ refreshed: before + 1 });
    await partner.ask({ op: "use" });
    await expect.poll(outcomes).toEqual({ refreshed: before + 2 });
    for (const op of ["publish", "use", "retire"] as const) await partner.ask({ op }); // oxlint-disable-line no-await-in-loop
    await expect
      .poll(outcomes)
      .toEqual({ refreshed: before + 2, endpoint_identity: expect.any(Number) });
  }, 180_000);
});

describe.skipIf(needs.absent)(`three rotations of go-spiffe's keys${needs.note}`, () => {
  it("are followed, and one that nobody could follow is not", async () => {
    await using partner = await startGoFederation(needs.path("federate-spiffe"));
    const { trustDomain, url, endpointId, bundle } = partner;
    const config = peersSchema.parse({
      [trustDomain]: {
        url,
        profile: "https_spiffe",
        endpoint_spiffe_id: endpointId,
        bundle: "file:bundle.json",
        allow_private_addresses: true,
      },
    });
    const problems: unknown[] = [];
    let now = Math.floor(Date.now() / 1000);
    const peers = await openPeers(config, {
      trustDomain: TRUST_DOMAIN,
      platform: nodePlatform({ now: () => now }),
      read: () => Promise.resolve(new TextEncoder().encode(bundle)),
      report: (issue) => problems.push(issue),
    });
    expect(problems).toEqual([]);
    peers.bind({ trustDomain: TRUST_DOMAIN, tell: () => undefined, count: () => undefined });
    const refreshed = async () => {
      now += 20; // the hint, and more
      await peers.refreshAll(() => now);
      const [state] = peers.states(now);
      return {
        error: state?.lastError?.code,
        sequence: Number(state?.held?.bundle.sequence),
        x509_authorities: state?.held?.bundle.x509Authorities.length,
      };
    };
    expect(await refreshed()).toEqual({ sequence: 1, x509_authorities: 1 });
    for (let rotation = 0; rotation < 3; rotation++)
      for (const op of ["publish", "use", "retire"] as const) {
        const { sequence, x509_authorities } = await partner.ask({ op }); // oxlint-disable-line no-await-in-loop
        expect(await refreshed()).toEqual({ sequence, x509_authorities }); // oxlint-disable-line no-await-in-loop
      }
    for (const op of ["publish", "use", "retire"] as const) await partner.ask({ op }); // oxlint-disable-line no-await-in-loop
    const held = { sequence: 7, x509_authorities: 1 };
    expect(await refreshed()).toEqual({ error: "endpoint_identity", ...held });
    expect(await refreshed()).toEqual({ error: "endpoint_identity", ...held });
  });
});
