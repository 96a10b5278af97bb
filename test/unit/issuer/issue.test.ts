import { beforeEach, describe, expect, it } from "vitest";
import {
  bootedVm,
  ciToken,
  codeOf,
  createWorld,
  cronToken,
  msiToken,
  workload,
  AUDIENCE,
  ISSUER,
  type Workload,
  type World,
} from "./world.ts";

let world: World;
let alice: Workload;
let mallory: Workload;

beforeEach(async () => {
  world = await createWorld();
  alice = await workload(world);
  mallory = await workload(world);
});

const signatures = (): number =>
  world.keys.x509Signer.signed.length + world.keys.jwtSigner.signed.length;
const reasons = (): unknown[] =>
  world.audit
    .events()
    .filter(({ event }) => event === "refused")
    .map(({ reason }) => reason);
const jwt = { audience: [AUDIENCE] };

async function postWithDpop(body: object, by: Workload, claims?: object): Promise<Response> {
  const text = JSON.stringify(body);
  return world.post(text, { dpop: await by.dpop(text, claims) });
}

describe("evidence that names a key", () => {
  it("gets an X.509-SVID by CSR alone", async () => {
    const answer = await world.post({
      evidence: [await ciToken(world, alice.bound)],
      x509: { csr: alice.csr },
    });
    expect(answer.status).toBe(200);
    const svids = (await answer.json()) as { spiffe_id: string; x509: { expires_at: number } };
    expect(svids.spiffe_id).toBe("spiffe://prod.example/ci/deploy");
    expect(svids.x509.expires_at).toBe(world.now + 3600);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("gets both kinds with a DPoP proof of the same key", async () => {
    const body = { evidence: [await ciToken(world, alice.bound)], x509: { csr: alice.csr }, jwt };
    expect((await postWithDpop(body, alice)).status).toBe(200);
    expect(signatures()).toBe(2);
  });

  it("evidence and CSR replayed with an added jwt member: possession_failed", async () => {
    const evidence = await ciToken(world, alice.bound);
    expect((await world.post({ evidence: [evidence], x509: { csr: alice.csr } })).status).toBe(200);
    const before = signatures();
    const replay = await world.post({ evidence: [evidence], x509: { csr: alice.csr }, jwt });
    expect(await codeOf(replay)).toBe("possession_failed");
    expect(signatures()).toBe(before);
  });

  it("/jkt/A with key B: refused, whichever way B is proved", async () => {
    const evidence = [await ciToken(world, alice.bound)];
    expect(await codeOf(await world.post({ evidence, x509: { csr: mallory.csr } }))).toBe(
      "evidence_rejected",
    );
    expect(await codeOf(await postWithDpop({ evidence, jwt }, mallory))).toBe("evidence_rejected");
    expect(
      await codeOf(await postWithDpop({ evidence, x509: { csr: alice.csr }, jwt }, mallory)),
    ).toBe("possession_failed");
    expect(
      await codeOf(await postWithDpop({ evidence, x509: { csr: mallory.csr }, jwt }, alice)),
    ).toBe("possession_failed");
    expect(signatures()).toBe(0);
  });

  it("is never read as evidence for any key", async () => {
    const evidence = [await ciToken(world, alice.bound)];
    expect(await codeOf(await world.post({ evidence, jwt }))).toBe("possession_failed");
    expect(
      await codeOf(
        await world.post({ evidence: [await ciToken(world, ISSUER)], x509: { csr: alice.csr } }),
      ),
    ).toBe("refused");
    expect(reasons()).toEqual(["possession_missing", "no_rule_matches"]);
  });

  it("DPoP replayed with another body: possession_failed", async () => {
    const body = JSON.stringify({ evidence: [await ciToken(world, alice.bound)], jwt });
    const proof = await alice.dpop(body);
    expect((await world.post(body, { dpop: proof })).status).toBe(200);
    const other = body.replace(AUDIENCE, "https://vault.prod.example");
    expect(await codeOf(await world.post(other, { dpop: proof }))).toBe("possession_failed");
    expect(await codeOf(await world.post(`${body} `, { dpop: proof }))).toBe("possession_failed");
  });

  it.each([
    ["old", { iat: -61 }],
    ["of the future", { iat: 61 }],
  ])("DPoP %s: possession_failed", async (_, { iat }) => {
    const body = { evidence: [await ciToken(world, alice.bound)], jwt };
    expect(await codeOf(await postWithDpop(body, alice, { iat: world.now + iat }))).toBe(
      "possession_failed",
    );
  });
});

describe("evidence for our audience alone", () => {
  it("gets a bare token without any key", async () => {
    const answer = await world.post(
      { evidence: [await cronToken(world)], jwt },
      { accept: "application/jwt" },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/jwt");
    expect((await answer.text()).split(".")).toHaveLength(3);
  });

  it("gets a bare chain", async () => {
    const answer = await world.post(
      { evidence: [await cronToken(world)], x509: { csr: alice.csr } },
      { accept: "application/pem-certificate-chain" },
    );
    expect(await answer.text()).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
  });

  it("asks that CSR and DPoP name one key", async () => {
    const body = { evidence: [await cronToken(world)], x509: { csr: alice.csr }, jwt };
    expect(await codeOf(await postWithDpop(body, mallory))).toBe("possession_failed");
  });
});

describe("what is asked for", () => {
  it("is given whole or not at all", async () => {
    const evidence = [await cronToken(world)];
    expect(
      await codeOf(await world.post({ evidence, jwt: { audience: ["https://other.example"] } })),
    ).toBe("refused");
    expect(
      await codeOf(
        await world.post({ evidence, jwt: { audience: [AUDIENCE, "https://other.example"] } }),
      ),
    ).toBe("refused");
    expect(
      await codeOf(await world.post({ evidence, jwt, spiffe_id: "spiffe://prod.example/admin" })),
    ).toBe("refused");
    expect(await codeOf(await world.post({ evidence }))).toBe("request_malformed");
    expect(await codeOf(await world.post({ evidence, jwt, extra: 1 }))).toBe("request_malformed");
    expect(
      await codeOf(
        await world.post({ evidence, jwt }, { accept: "application/pem-certificate-chain" }),
      ),
    ).toBe("request_malformed");
    expect(signatures()).toBe(0);
  });

  it("cuts a longer life to the rule's", async () => {
    const body = {
      evidence: [await cronToken(world)],
      x509: { csr: alice.csr, ttl_seconds: 86_400 },
      jwt: { ...jwt, ttl_seconds: 60 },
    };
    const svids = (await (await world.post(body)).json()) as {
      x509: { expires_at: number };
      jwt: { expires_at: number };
    };
    expect(svids.x509.expires_at).toBe(world.now + 3600);
    expect(svids.jwt.expires_at).toBe(world.now + 60);
  });

  it("a key of the issuer's own: possession_failed", async () => {
    const body = { evidence: [await cronToken(world)], x509: { csr: alice.csr } };
    (world.keys.thumbprints as Set<string>).add(alice.jkt);
    expect(await codeOf(await world.post(body))).toBe("possession_failed");
  });

  it("an illegal template value refuses", async () => {
    for (const job of ["..", "%2e", "a/b", "", "a\u0000b", "é", "x".repeat(3000)]) {
      const evidence = [await cronToken(world, ISSUER, { job })];
      expect(await codeOf(await world.post({ evidence, jwt }))).toBe("refused");
    }
    expect(signatures()).toBe(0);
  });
});

describe("the record", () => {
  it("comes before the signature, with what was signed and nothing secret", async () => {
    const evidence = await ciToken(world, alice.bound);
    const body = { evidence: [evidence], x509: { csr: alice.csr }, jwt };
    const answer = (await (await postWithDpop(body, alice)).json()) as { jwt: { token: string } };
    const [intent, outcome] = world.audit.events();
    expect(intent).toMatchObject({
      event: "intent",
      rule: "ci",
      spiffe_id: "spiffe://prod.example/ci/deploy",
      key: alice.jkt,
      evidence: [{ name: "oidc.ci" }],
    });
    expect(outcome).toMatchObject({
      event: "outcome",
      result: "issued",
      request_id: intent?.["request_id"],
    });
    const log = world.audit.lines.join("\n");
    for (const secret of [evidence.token, answer.jwt.token, alice.csr])
      expect(log).not.toContain(secret);
    expect(log).not.toContain(evidence.token.split(".")[2]);
  });

  it.each([
    ["intent", [{ name: "trial", mode: "audit" }, { name: "ci" }]],
    ["refused", [{ name: "trial", mode: "audit" }]],
  ])("names the rules in audit mode that match: %s", async (event, rules) => {
    const rest = { evidence: { "oidc.ci": {} }, spiffe_id: "/ci", x509: {} };
    const trying = await createWorld({ rules: rules.map((names) => ({ ...rest, ...names })) });
    const evidence = [await ciToken(trying, alice.bound)];
    await trying.post({ evidence, x509: { csr: alice.csr } });
    expect(trying.audit.events()[0]).toMatchObject({ event, audit_rules: ["trial"] });
  });

  it("without it nothing is signed", async () => {
    world.audit.broken = true;
    const answer = await world.post({ evidence: [await cronToken(world)], jwt });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(signatures()).toBe(0);
  });

  it("names the failure of a signer, and nothing leaves", async () => {
    world.keys.jwtSigner.fault = () => {
      throw new Error("boom");
    };
    const answer = await world.post({ evidence: [await cronToken(world)], jwt });
    expect(answer.status).toBe(503);
  });

  it("a refusal tells its code to the requester and its reason to the log", async () => {
    const refusals = await Promise.all([
      world.post({
        evidence: [await ciToken(world, alice.bound, { iss: "https://evil.example" })],
        x509: { csr: alice.csr },
      }),
      world.post({
        evidence: [
          await ciToken(world, alice.bound, { iat: world.now - 600, exp: world.now - 61 }),
        ],
        x509: { csr: alice.csr },
      }),
      world.post({ evidence: [{ type: "gcp_iit", token: "a.b.c" }], x509: { csr: alice.csr } }),
    ]);
    const told = await Promise.all(
      refusals.map(async (answer) => {
        const { request_id: _, ...problem } = (await answer.json()) as Record<string, unknown>;
        return JSON.stringify(problem);
      }),
    );
    expect(new Set(told).size).toBe(1);
    expect(reasons().toSorted()).toEqual([
      "evidence_expired",
      "evidence_type_not_configured",
      "issuer_not_configured",
    ]);
    expect(signatures()).toBe(0);
    expect(world.network.calls).toEqual([]);
  });
});

describe("several pieces", () => {
  it("two of one name: request_malformed; an unused extra piece: refused", async () => {
    const one = await cronToken(world);
    expect(await codeOf(await world.post({ evidence: [one, one], jwt }))).toBe("request_malformed");
    expect(
      await codeOf(await world.post({ evidence: [one, await ciToken(world, ISSUER)], jwt })),
    ).toBe("refused");
    expect(await codeOf(await world.post({ evidence: [one, await msiToken(world)], jwt }))).toBe(
      "refused",
    );
    expect(await codeOf(await world.post({ evidence: [one, await bootedVm(world)], jwt }))).toBe(
      "refused",
    );
  });
});
