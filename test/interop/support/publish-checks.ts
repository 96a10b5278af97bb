import { expect, it } from "vitest";
import type { RunResult } from "../../../scripts/interop/processes.ts";
import { askGoSpiffe } from "./go-spiffe.ts";
import { TRUST_DOMAIN, type Publishers } from "./published.ts";

export interface Published {
  readonly target: string;
  /** Where anybody reads what was published, without a slash at its end. */
  readonly url: string;
}

/** What holds of every place that a web server reads, whoever runs it. */
export function publishChecks(
  world: () => Publishers & Published,
  program: () => string,
  rounds: number,
): void {
  const publish = (config: string, ...more: string[]): Promise<RunResult> =>
    world().run("bundle", "publish", "--config", config, "--to", world().target, ...more);
  const served = (path: string): Promise<Response> => fetch(`${world().url}/${path}`);
  const sequence = async (): Promise<number> =>
    ((await (await served("bundle")).json()) as { spiffe_sequence: number }).spiffe_sequence;

  it("says what it would do, and does nothing", async () => {
    const told = await publish(world().older, "--dry-run");
    expect(told).toMatchObject({ code: 0, stderr: "" });
    expect(told.stdout).toContain("bundle would be written");
    expect((await served("bundle")).status).not.toBe(200);
  });

  it("publishes what consumers take", async () => {
    expect(await publish(world().older)).toMatchObject({ code: 0, stderr: "" });
    const { url, run } = world();
    const verdict = await run("bundle", "verify", `${url}/bundle`, "--trust-domain", TRUST_DOMAIN);
    // No warning either: type, age in caches and form are right.
    expect(verdict).toMatchObject({ code: 0, stdout: `good for ${TRUST_DOMAIN}\n` });
    const [fetched] = await askGoSpiffe(program(), [
      { op: "fetch_bundle", trust_domain: TRUST_DOMAIN, url: `${url}/bundle` },
    ]);
    expect(fetched).toMatchObject({ ok: true, x509_authorities: 2 });
    expect(fetched?.jwt_authorities).toHaveLength(2);
    const discovery = (await (await served(".well-known/openid-configuration")).json()) as object;
    expect(discovery).toMatchObject({ issuer: "https://id.example.org" });
    const jwks = await served(".well-known/jwks.json");
    expect(jwks.headers.get("content-type")).toBe("application/json");
    expect(jwks.headers.get("cache-control")).toBe("public, max-age=75");
    expect(((await jwks.json()) as { keys: object[] }).keys).toHaveLength(2);
  });

  it("leaves alone what is there already", async () => {
    const again = await publish(world().older);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout.match(/ unchanged/g)).toHaveLength(3);
    expect(again.stdout).not.toContain("written");
  });

  it("of two publishers at once the later configuration wins", async () => {
    const { older, newer } = world();
    for (let round = 0; round < rounds; round++) {
      const [, late] = await Promise.all([publish(older), publish(newer)]); // oxlint-disable-line no-await-in-loop -- rounds
      expect(late).toMatchObject({ code: 0, stderr: "" });
    }
    const keys = async (path: string): Promise<number> =>
      ((await (await served(path)).json()) as { keys: object[] }).keys.length;
    expect(await keys("bundle")).toBe(5);
    expect(await keys(".well-known/jwks.json")).toBe(3);
  });

  it("refuses to go back", async () => {
    const before = await sequence();
    const refused = await publish(world().older, "--json");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      targets: [{ ok: false, code: "backwards" }],
    });
    expect(await sequence()).toBe(before);
  });
}
