import { beforeAll, describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/stores/memory.ts";
import { keySet, tokenKey, type TokenKey } from "../../fakes/token-issuer.ts";
import {
  bootedVm,
  ciToken,
  createWorld,
  cronToken,
  workload,
  AUDIENCE,
  ISSUER,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { forgedTokens } from "./forged-tokens.ts";
import { NAUGHTY } from "./naughty.ts";
import { badLines, reasons, seriesOf, signatures } from "./support.ts";

const FAR = "https://far.example";
const JWKS = `${FAR}/jwks`;
const jwt = { audience: [AUDIENCE] };
let world: World;
let far: TokenKey;
let alice: Workload;
/** Every call of the claim store, by name. */
const stored: string[] = [];

beforeAll(async () => {
  const inner = memoryStore();
  const store = {
    ...inner,
    claim: (...args: Parameters<typeof inner.claim>) => {
      stored.push("claim");
      return inner.claim(...args);
    },
    once: (...args: Parameters<typeof inner.once>) => {
      stored.push("once");
      return inner.once(...args);
    },
  };
  const rule = {
    evidence: { "oidc.far": {} },
    binding: { "oidc.far": "audience" },
    jwt: { ttl: "5m", audiences: [AUDIENCE] },
  };
  const vm = {
    name: "vm",
    evidence: { aws_iid: {} },
    spiffe_id: "/vm/{aws_iid.instance_id}",
    x509: { ttl: "1h" },
  };
  world = await createWorld({
    store,
    oidc: { far: { issuer: FAR, jwks: JWKS, pin: "issuer" } },
    rules: [{ name: "far", ...rule, spiffe_id: "/far/{oidc.far.job}" }, vm],
  });
  [far, alice] = await Promise.all([tokenKey("ES256", "far-1"), workload(world)]);
});

const farToken = async (claims: object = {}, header: object = {}) => ({
  type: "oidc",
  token: await far.sign(
    {
      iss: FAR,
      sub: "s",
      aud: ISSUER,
      iat: world.now - 10,
      exp: world.now + 600,
      job: "j",
      ...claims,
    },
    header,
  ),
});

describe("what strangers can make us spend (DS-1, DS-2)", () => {
  it("1 000 requests of all families: no signature, no claim, one fetch", async () => {
    world.network.serve(JWKS, () => new Response("down", { status: 500 }));
    const forged = Object.values(await forgedTokens(await createWorld())).flat();
    const mallory = await workload(world);
    const vm = await bootedVm(world);
    const random = () => crypto.randomUUID();
    const text = (index: number) => NAUGHTY[index % NAUGHTY.length] ?? "";
    const families: ((index: number) => unknown)[] = [
      (index) => text(index),
      (index) => ({ evidence: [{ type: text(index), token: text(index + 1) }], jwt }),
      (index) => ({ evidence: [{ type: "oidc", token: forged[index % forged.length] }], jwt }),
      async () => ({ evidence: [await farToken({}, { kid: random() })], jwt }),
      async () => ({ evidence: [await farToken({ exp: world.now - 100 })], jwt }),
      async () => ({ evidence: [await farToken({ aud: `https://${random()}.example` })], jwt }),
      async () => ({ evidence: [await farToken({ iss: `https://${random()}.example` })], jwt }),
      async () => ({ evidence: [await ciToken(world, mallory.bound)], x509: { csr: alice.csr } }),
      async () => ({ evidence: [await cronToken(world)], jwt }), // genuine; no rule wants it
      (index) => ({
        evidence: [{ type: "aws_iid", rsa2048: text(index) }],
        x509: { csr: alice.csr },
      }),
      () => ({
        evidence: [{ ...vm, rsa2048: vm.rsa2048.replace(/[A-Z]/, "z") }],
        x509: { csr: alice.csr },
      }),
      () => ({
        evidence: [vm],
        x509: { csr: alice.csr },
        spiffe_id: `spiffe://prod.example/${random()}`,
      }),
      () => ({ evidence: [vm], x509: { csr: alice.csr.replace(/[A-Z]{3}/, "AAA") } }),
      () => ({ evidence: [vm], jwt }),
      () => ({ evidence: [vm], x509: { csr: alice.csr }, [random()]: 1 }),
    ];
    world.network.calls.length = 0;
    for (let index = 0; index < 1000; index++) {
      const body = await families[index % families.length]?.(index); // oxlint-disable-line no-await-in-loop
      const { status } = await world.post(body); // oxlint-disable-line no-await-in-loop
      expect([400, 403, 503]).toContain(status);
    }
    expect(signatures(world)).toBe(0);
    expect(stored).toEqual([]);
    expect(world.network.calls).toEqual([JWKS]);
    expect(badLines(world)).toEqual([]);
    expect(world.audit.lines).toHaveLength(1000);
    expect(new Set(reasons(world)).size).toBeGreaterThan(12);
    expect(seriesOf(world)).toBeLessThan(100);
  });

  it("outage and storm: one fetch each 30 s, then the keys serve", async () => {
    world.network.calls.length = 0;
    for (let round = 0; round < 3; round++) {
      world.now += 30;
      const storm = Array.from({ length: 40 }, async () =>
        world.post({ evidence: [await farToken({}, { kid: crypto.randomUUID() })], jwt }),
      );
      const statuses = (await Promise.all(storm)).map(({ status }) => status); // oxlint-disable-line no-await-in-loop
      expect(new Set(statuses)).toEqual(new Set([503]));
      expect(world.network.calls).toHaveLength(round + 1);
    }
    world.now += 30;
    world.network.serveJson(JWKS, keySet(far));
    expect((await world.post({ evidence: [await farToken()], jwt })).status).toBe(200);
    const unknown = await world.post({ evidence: [await farToken({}, { kid: "none" })], jwt });
    expect(unknown.status).toBe(403);
    expect(world.network.calls).toHaveLength(4);
    expect(signatures(world)).toBe(1);
  });

  it("documents and health, 500 times: nothing at all", async () => {
    const before = signatures(world);
    world.network.calls.length = 0;
    for (let index = 0; index < 500; index++) {
      const path =
        ["/bundle", "/.well-known/jwks.json", "/healthz", "/readyz", "/nothing"][index % 5] ?? "";
      await world.fetch(new Request(ISSUER + path)); // oxlint-disable-line no-await-in-loop
    }
    expect(signatures(world)).toBe(before);
    expect(world.network.calls).toEqual([]);
  });
});
