import { describe, expect, it } from "vitest";
import { signCallerIdentity } from "../../../src/client/aws-sts.ts";
import { simulateSts } from "../../fakes/aws-web-identity.ts";
import { keySetUrl, tokenKey } from "../../fakes/token-issuer.ts";
import {
  ACCOUNT,
  AUDIENCE,
  codeOf,
  createWorld,
  cronToken,
  ISSUER,
  NOW,
  workload,
  type Workload,
  type World,
} from "./world.ts";

const REGION = "eu-central-1";
const STS = `https://sts.${REGION}.amazonaws.com/`;
const PRINCIPAL = {
  accessKeyId: "ASIAQWERTYUIOPASDFGH",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEJr//////////wEaCmV1LWNlbnRyYWwtMSJHMEUCIQD==",
  role: "payments",
  session: "payments-api",
  roleId: "AROAQWERTYUIOPASDFGHJ",
};
const RULE = {
  name: "payments",
  evidence: { aws_sts: { account: ACCOUNT, role_name: "payments" } },
  spiffe_id: "/payments",
  x509: { ttl: "1h" },
  jwt: { ttl: "5m", audiences: [AUDIENCE] },
};
const BARE = { ...RULE, binding: { aws_sts: "audience" } };

const sts = await simulateSts({
  region: REGION,
  account: ACCOUNT,
  principals: [PRINCIPAL],
  now: () => NOW,
});
const cron = await tokenKey("ES256", "cron-1");
const oidc = {
  cron: { issuer: "https://cron.example", jwks: keySetUrl(cron), pin: "issuer" },
};

const CRON = {
  name: "cron",
  evidence: { "oidc.cron": {} },
  binding: { "oidc.cron": "audience" },
  spiffe_id: "/cron",
  x509: { ttl: "1h" },
};
/** Issuers that ask the simulated STS, and take tokens of `cron` beside. */
const [strict, lenient] = await Promise.all([asking(RULE), asking(BARE)]);

function asking(rule: object): Promise<World> {
  return createWorld({
    evidence: { aws_sts: { accounts: [ACCOUNT] }, oidc },
    rules: [rule, CRON],
  });
}

/** A workload of its own, before an issuer that nobody asked yet. */
async function stsWorld(world = strict) {
  world.network.serve(STS, sts.fetch);
  world.network.calls.length = 0;
  world.keys.x509Signer.signed.length = 0;
  const evidence = (binding: string) =>
    signCallerIdentity(world.platform, { region: REGION, binding }, PRINCIPAL);
  return { world, evidence, owner: await workload(world) };
}

const jwt = { audience: [AUDIENCE] };
const x509 = ({ csr }: Workload) => ({ csr });

describe("POST /v1/svids with a signed GetCallerIdentity", () => {
  it("gives an X.509-SVID for the key that it was signed for", async () => {
    const { world, evidence, owner } = await stsWorld();
    const answer = await world.post({ evidence: [await evidence(owner.bound)], x509: x509(owner) });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("spiffe://prod.example/payments");
    expect(world.network.calls).toEqual([STS]);
  });

  it("gives a thief with a key of his own nothing, and one without any neither", async () => {
    const { world, evidence, owner } = await stsWorld(lenient);
    const stolen = await evidence(owner.bound);
    const thief = await workload(world);
    expect(await codeOf(await world.post({ evidence: [stolen], x509: x509(thief) }))).toBe(
      "evidence_rejected",
    );
    expect(await codeOf(await world.post({ evidence: [stolen], jwt }))).toBe("evidence_rejected");
    expect(world.keys.x509Signer.signed).toEqual([]);
  });

  it("asks for a DPoP proof of that key before it gives a JWT-SVID", async () => {
    const { world, evidence, owner } = await stsWorld();
    // Whoever copied such a request could send it again, CSR and all.
    const body = JSON.stringify({
      evidence: [await evidence(owner.bound)],
      x509: x509(owner),
      jwt,
    });
    expect(await codeOf(await world.post(body))).toBe("possession_failed");
    const proved = await world.post(body, { dpop: await owner.dpop(body) });
    expect(proved.status).toBe(200);
    const alone = JSON.stringify({ evidence: [await evidence(owner.bound)], jwt });
    expect((await world.post(alone, { dpop: await owner.dpop(alone) })).status).toBe(200);
  });

  it("takes no CSR for another key than the proof's", async () => {
    const { world, evidence, owner } = await stsWorld();
    const other = await workload(world);
    for (const bound of [owner.bound, other.bound]) {
      const body = JSON.stringify({ evidence: [await evidence(bound)], x509: x509(other) }); // oxlint-disable-line no-await-in-loop -- two
      const answer = await world.post(body, { dpop: await owner.dpop(body) }); // oxlint-disable-line no-await-in-loop -- two
      expect(["possession_failed", "evidence_rejected"]).toContain(await codeOf(answer)); // oxlint-disable-line no-await-in-loop -- two
    }
    expect(world.keys.x509Signer.signed).toEqual([]);
  });

  it("takes one that was signed for no key where the rule says so, and no key is named", async () => {
    const { world, evidence } = await stsWorld();
    const bare = { evidence: [await evidence(ISSUER)], jwt };
    expect(await codeOf(await world.post(bare))).toBe("refused");
    const other = await stsWorld(lenient);
    expect((await other.world.post(bare)).status).toBe(200);
  });

  it("is refused before STS is asked where it cannot be right", async () => {
    const { world, evidence, owner } = await stsWorld();
    const good = await evidence(owner.bound);
    for (const changed of [
      { region: "sts.evil.example" },
      { amz_date: "20270115T070000Z" },
      { signature: "x" },
      { access_key_id: "AKIAQWERTYUIOPASDFGH" },
    ]) {
      const body = { evidence: [{ ...good, ...changed }], x509: x509(owner) };
      expect(await codeOf(await world.post(body))).toBe("evidence_rejected"); // oxlint-disable-line no-await-in-loop -- four
    }
    const unproved = { evidence: [good], x509: { csr: owner.csr.replace("A", "B") } };
    expect(await codeOf(await world.post(unproved))).toBe("possession_failed");
    expect(world.network.calls).toEqual([]);
  });

  it("asks STS about the first of several pieces, and of a forged one never about more", async () => {
    const { world, evidence, owner } = await stsWorld();
    const good = await evidence(owner.bound);
    const forged = { ...good, signature: "0".repeat(64) };
    const twice = { evidence: [good, await evidence(owner.bound), good], x509: x509(owner) };
    expect(await codeOf(await world.post(twice))).toBe("request_malformed");
    expect(world.network.calls).toHaveLength(1);
    const wrong = { evidence: [forged, forged], x509: x509(owner) };
    expect(await codeOf(await world.post(wrong))).toBe("evidence_rejected");
    expect(world.network.calls).toHaveLength(2);
    expect(world.keys.x509Signer.signed).toEqual([]);
  });

  it("says unavailable while STS is down or too much asked, and every other type goes on", async () => {
    const { world, evidence, owner } = await stsWorld();
    const good = await evidence(owner.bound);
    const other = async () =>
      world.post({
        evidence: [await cronToken({ ...world, cron })],
        x509: x509(owner),
      });
    world.network.serve(STS, () => new Response(null, { status: 503 }));
    const down = await world.post({ evidence: [good], x509: x509(owner) });
    expect(down.status).toBe(503);
    expect(down.headers.get("retry-after")).not.toBeNull();
    expect((await other()).status).toBe(200);
    const waiting: (() => void)[] = [];
    world.network.serve(STS, async (request) => {
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return sts.fetch(request);
    });
    const flood = Array.from({ length: 40 }, (_, n) =>
      world.post({
        evidence: [{ ...good, signature: n.toString(16).padStart(64, "0") }],
        x509: x509(owner),
      }),
    );
    await expect.poll(() => waiting.length).toBe(32);
    expect((await other()).status).toBe(200);
    for (const answer of waiting) answer();
    const codes = await Promise.all((await Promise.all(flood)).map(codeOf));
    expect(codes.filter((code) => code === "unavailable")).toHaveLength(8);
    expect(codes.filter((code) => code === "evidence_rejected")).toHaveLength(32);
    expect((await other()).status).toBe(200);
  });
});
