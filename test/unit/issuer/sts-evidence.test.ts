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

/** An issuer that asks the simulated STS, and takes tokens of `cron` beside. */
async function stsWorld(rule: object = RULE) {
  const cronRule = {
    name: "cron",
    evidence: { "oidc.cron": {} },
    binding: { "oidc.cron": "audience" },
    spiffe_id: "/cron",
    x509: { ttl: "1h" },
  };
  const world = await createWorld({
    evidence: { aws_sts: { accounts: [ACCOUNT] }, oidc },
    rules: [rule, cronRule],
  });
  world.network.serve(STS, sts.fetch);
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
    const { world, evidence, owner } = await stsWorld(BARE);
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
    const strict = await stsWorld();
    const bare = { evidence: [await strict.evidence(ISSUER)], jwt };
    expect(await codeOf(await strict.world.post(bare))).toBe("refused");
    const { world } = await stsWorld(BARE);
    expect((await world.post(bare)).status).toBe(200);
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
    world.network.serve(STS, sts.fetch);
    const flood = Array.from({ length: 210 }, (_, n) => ({
      ...good,
      signature: n.toString(16).padStart(64, "0"),
    }));
    const codes = [];
    for (const piece of flood)
      codes.push(await codeOf(await world.post({ evidence: [piece], x509: x509(owner) }))); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(new Set(codes)).toEqual(new Set(["evidence_rejected", "unavailable"]));
    expect(codes.at(-1)).toBe("unavailable");
    expect((await other()).status).toBe(200);
  });
});
