import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  bootedVm,
  ciToken,
  createWorld,
  cronToken,
  msiToken,
  workload,
  ACCOUNT,
  AUDIENCE,
  ISSUER,
  TENANT,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { simulateTenant } from "../../fakes/azure-metadata.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";
import { forgedTokens } from "./forged-tokens.ts";
import { problemOf, quickest, reasons, signatures } from "./support.ts";

let world: World;
let alice: Workload;
let families: Readonly<Record<string, readonly string[]>>;
const jwt = { audience: [AUDIENCE] };

beforeAll(async () => {
  world = await createWorld();
  alice = await workload(world);
  families = await forgedTokens(world);
});
beforeEach(() => {
  world.audit.lines.length = 0;
  for (const signer of [world.keys.jwtSigner, world.keys.x509Signer]) signer.signed.length = 0;
});

/** What a refusal looks like from outside, but for the request's own id: status, headers, body. */
async function seen(answer: Response): Promise<string> {
  const headers = [...answer.headers];
  const { request_id: _, ...problem } = await problemOf(answer);
  return JSON.stringify({ headers, problem });
}

const kinds = (): object[] => [
  { jwt },
  { x509: { csr: alice.csr } },
  { jwt, x509: { csr: alice.csr } },
];

describe("forged tokens (AT-13, AT-15)", () => {
  it("are of twelve families and one", () => {
    expect(Object.keys(families)).toHaveLength(13);
    expect(Object.values(families).flat().length).toBeGreaterThan(70);
  });

  it("never reach policy, the network or a signer, and all get one answer", async () => {
    const answers = new Set<string>();
    let sent = 0;
    for (const [index, token] of Object.values(families).flat().entries()) {
      const body = { evidence: [{ type: "oidc", token }], ...kinds()[index % 3] };
      const ms = quickest(250, async () => {
        sent++;
        answers.add(await seen(await world.post(body)));
      });
      expect(await ms).toBeLessThan(250); // oxlint-disable-line no-await-in-loop
    }
    expect(
      [...answers].map(
        (answer) => (JSON.parse(answer) as { problem: { code: string } }).problem.code,
      ),
    ).toEqual(["evidence_rejected"]);
    const events = world.audit.events();
    expect(events).toHaveLength(sent);
    expect(
      events.filter(
        (event) => event["event"] !== "refused" || "rule" in event || "spiffe_id" in event,
      ),
    ).toEqual([]);
    expect(world.network.calls).toEqual([]);
    expect(signatures(world)).toBe(0);
  });

  it("are refused for what they are", async () => {
    const found: Record<string, string[]> = {};
    for (const [family, tokens] of Object.entries(families)) {
      world.audit.lines.length = 0;
      for (const token of tokens) await world.post({ evidence: [{ type: "oidc", token }], jwt }); // oxlint-disable-line no-await-in-loop
      found[family] = [...new Set(reasons(world).map(String))].toSorted();
    }
    expect(found).toEqual({
      "no signature": ["algorithm_not_allowed", "signature_invalid"],
      "a signature of another token": ["algorithm_not_allowed", "key_unknown", "signature_invalid"],
      "HMAC with the public key": ["algorithm_not_allowed"],
      "a key of the forger under a known kid": ["algorithm_not_allowed", "signature_invalid"],
      "a key that the token brings": ["key_unknown", "signature_invalid"],
      "a place where the token says its key lies": ["key_unknown", "signature_invalid"],
      "another issuer's key": ["algorithm_not_allowed", "key_unknown"],
      "an algorithm that is not the key's": ["algorithm_not_allowed"],
      "extensions that must be understood": ["jws_header_forbidden"],
      "a token of another kind": ["issuer_not_configured", "jws_type"],
      "a blank signature": ["signature_invalid"],
      "another spelling": [
        "encoding_invalid",
        "json_duplicate_key",
        "json_malformed",
        "jws_malformed",
      ],
      "too much": ["evidence_too_large", "json_malformed"],
    });
  });
});

describe("the answer to evidence that is not believed (LG-3)", () => {
  it("is the same whatever was wrong: issuer, tenant, key, signature, audience, time, account, type", async () => {
    const { now } = world;
    const [stranger, otherTenant, account] = await Promise.all([
      tokenKey("ES256", "cron-1"),
      simulateTenant("00000000-0000-4000-8000-000000000000", () => now),
      world.region.launch({
        account: "999999999999",
        instanceId: "i-0123456789abcdef0",
        pendingTime: now - 60,
      }),
    ]);
    const foreign = { ...world, tenant: otherTenant };
    const good = {
      iss: "https://cron.example",
      sub: "cron",
      aud: ISSUER,
      iat: now - 10,
      exp: now + 600,
      job: "nightly",
    };
    const vm = await bootedVm(world);
    const evidence: Record<string, object> = {
      "another issuer": await cronToken(world, ISSUER, { iss: "https://evil.example" }),
      "issuer with a slash": await cronToken(world, ISSUER, { iss: "https://cron.example/" }),
      "no issuer": await cronToken(world, ISSUER, { iss: undefined }),
      "another audience": await cronToken(world, "https://other.example"),
      "two audiences": await cronToken(world, ISSUER, { aud: [ISSUER, "https://other.example"] }),
      expired: await cronToken(world, ISSUER, { exp: now - 100 }),
      "not yet valid": await cronToken(world, ISSUER, { nbf: now + 100 }),
      "valid for ever": await cronToken(world, ISSUER, { exp: 1e12 }),
      "exp as text": await cronToken(world, ISSUER, { exp: String(now + 600) }),
      "exp beyond numbers": await cronToken(world, ISSUER, { exp: 1e300 }),
      "another key": { type: "oidc", token: await stranger.sign(good) },
      "an unknown key": { type: "oidc", token: await world.cron.sign(good, { kid: "cron-9" }) },
      "an entry that is not": { ...(await cronToken(world)), entry: "nowhere" },
      "another account": { type: "aws_iid", rsa2048: account.rsa2048 },
      "another signature": { type: "aws_iid", rsa2048: vm.rsa2048.replace(/.{8}\n?$/, "AAAAAAAA") },
      "no document": { type: "aws_iid", rsa2048: "AAAA" },
      "another tenant": await msiToken(foreign),
      "no token": { type: "azure_msi", token: "x" },
      "a type that is off": { type: "gcp_iit", token: "x" },
      "a type that is none": { type: "spam", anything: 1 },
      "another's key in the audience": await ciToken(world, `${ISSUER}/jkt/${"A".repeat(43)}`),
    };
    const answers: Record<string, string> = {};
    for (const [name, one] of Object.entries(evidence))
      answers[name] = await seen(await world.post({ evidence: [one], x509: { csr: alice.csr } })); // oxlint-disable-line no-await-in-loop
    const [first = ""] = Object.values(answers);
    expect(Object.entries(answers).filter(([, answer]) => answer !== first)).toEqual([]);
    expect(first).toContain('"code":"evidence_rejected"');
    expect(new Set(reasons(world)).size).toBeGreaterThan(9); // the operator is told them apart
    expect(first).not.toMatch(new RegExp(`${TENANT}|cron|prod\\.example|iid`));
    expect(signatures(world)).toBe(0);
  });

  it("is the same for a tenant of ours and a stranger's, whatever else is wrong with the request", async () => {
    const { now } = world;
    const foreign = await simulateTenant("00000000-0000-4000-8000-000000000000", () => now);
    const launch = (account: string) =>
      world.region.launch({ account, instanceId: "i-0123456789abcdef0", pendingTime: now - 60 });
    const [own, other] = await Promise.all([launch(ACCOUNT), launch("999999999999")]);
    const forge = ({ type, token }: { type: string; token: string }): object => ({
      type,
      token: token.replace(/[^.]+$/, "A".repeat(86)),
    });
    const elsewhere = { iss: "https://evil.example" };
    const bound = { iss: "https://ci.example", aud: alice.bound };
    const iid = ({ rsa2048 }: { rsa2048: string }): object => ({
      type: "aws_iid",
      rsa2048: rsa2048.replace(/.{8}\n?$/, "AAAAAAAA"),
    });
    const pairs: readonly (readonly [ours: object, strange: object])[] = [
      [forge(await cronToken(world)), forge(await cronToken(world, ISSUER, elsewhere))],
      [
        forge(await cronToken(world, ISSUER, bound)),
        forge(await cronToken(world, alice.bound, elsewhere)),
      ],
      [
        forge(await cronToken(world, ISSUER, { ...bound, aud: [alice.bound] })),
        forge(await cronToken(world, ISSUER, { ...elsewhere, aud: [alice.bound] })),
      ],
      [iid(own), iid(other)],
      [forge(await msiToken(world)), forge(await msiToken({ ...world, tenant: foreign }))],
    ];
    const bad = alice.csr.replace(/.{8}(?=\n-----END)/, "AAAAAAAA");
    const requests: readonly ((piece: object) => readonly [body: object, dpop?: string])[] = [
      (piece) => [{ evidence: [piece], x509: { csr: "x" } }],
      (piece) => [{ evidence: [piece], x509: { csr: bad } }],
      (piece) => [{ evidence: [piece], jwt }, "x"],
      (piece) => [{ evidence: [piece], jwt }],
      (piece) => [{ evidence: [piece], x509: { csr: alice.csr }, jwt }],
      (piece) => [{ evidence: [piece], wit: {} }],
      (piece) => [{ evidence: [piece, piece], x509: { csr: alice.csr } }],
      (piece) => [{ evidence: [piece, { type: "oidc" }], x509: { csr: alice.csr } }],
      (piece) => [{ evidence: [piece, { type: "spam" }], x509: { csr: "x" } }],
    ];
    const codes: string[] = [];
    for (const pair of pairs)
      for (const request of requests) {
        const answers: string[] = [];
        for (const piece of pair) {
          const [body, dpop] = request(piece);
          const answer = await world.post(body, dpop === undefined ? {} : { dpop }); // oxlint-disable-line no-await-in-loop
          answers.push(await seen(answer)); // oxlint-disable-line no-await-in-loop
        }
        expect(answers[1]).toBe(answers[0]);
        codes.push((JSON.parse(answers[0] ?? "") as { problem: { code: string } }).problem.code);
      }
    expect(new Set(codes)).toEqual(
      new Set(["possession_failed", "evidence_rejected", "request_malformed"]),
    );
    expect(signatures(world)).toBe(0);
  });

  it("is the same for whatever policy does not give", async () => {
    const evidence = [await cronToken(world)];
    const bodies: object[] = [
      { evidence, jwt: { audience: ["https://other.example"] } },
      { evidence, jwt: { audience: [AUDIENCE, "https://other.example"] } },
      { evidence, jwt, spiffe_id: "spiffe://prod.example/admin" },
      { evidence, jwt, spiffe_id: "spiffe://other.example/cron/nightly" },
      { evidence: [await cronToken(world, ISSUER, { job: ".." })], jwt },
      { evidence: [await cronToken(world, ISSUER, { job: undefined })], jwt },
      { evidence: [await ciToken(world, ISSUER)], jwt },
      { evidence: [...evidence, await bootedVm(world)], jwt },
    ];
    const answers = new Set<string>();
    for (const body of bodies) answers.add(await seen(await world.post(body))); // oxlint-disable-line no-await-in-loop
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('"code":"refused"');
    expect(signatures(world)).toBe(0);
  });
});
