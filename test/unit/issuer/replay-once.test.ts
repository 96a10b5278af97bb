import { beforeEach, describe, expect, it } from "vitest";
import {
  AUDIENCE,
  codeOf,
  createWorld,
  cronToken,
  workload,
  type Workload,
  type World,
} from "./world.ts";

const RULES = [
  {
    name: "cron",
    evidence: { "oidc.cron": {} },
    binding: { "oidc.cron": "audience" },
    replay: { "oidc.cron": "once" },
    spiffe_id: "/cron/{oidc.cron.job}",
    x509: { ttl: "1h" },
    jwt: { ttl: "5m", audiences: [AUDIENCE] },
  },
];
const jwt = { audience: [AUDIENCE] };

let world: World;
let first: Workload;
let second: Workload;

beforeEach(async () => {
  world = await createWorld({ rules: RULES });
  [first, second] = await Promise.all([workload(world), workload(world)]);
});

async function post(body: object, by?: Workload): Promise<string> {
  const text = JSON.stringify(body);
  const answer = await world.post(text, by ? { dpop: await by.dpop(text) } : {});
  return answer.status === 200 ? "issued" : codeOf(answer);
}
const x509 = (by: Workload) => ({ x509: { csr: by.csr } });
const reason = (): unknown => world.audit.events().at(-1)?.["reason"];

describe("a token of class audience under replay: once", () => {
  it("belongs to the first key that uses it", async () => {
    const evidence = [await cronToken(world)];
    expect(await post({ evidence, jwt }, first)).toBe("issued");
    expect(await post({ evidence, jwt }, second)).toBe("evidence_claimed");
    expect(await post({ evidence, ...x509(second) })).toBe("evidence_claimed");
    expect(await post({ evidence, ...x509(first) })).toBe("issued");
    expect(world.audit.events()).toContainEqual(
      expect.objectContaining({ alarm: "claim_taken", claimant: second.jkt }),
    );
  });

  it("until its end, at which it is worth nothing to anybody, and no longer", async () => {
    const token = await cronToken(world);
    const evidence = [token];
    expect(await post({ evidence, ...x509(first) })).toBe("issued");
    world.now += 659; // exp − 1 s of leeway
    expect(await post({ evidence, ...x509(second) })).toBe("evidence_claimed");
    const [claim] = (await world.snapshot.store?.list?.()) ?? [];
    expect(claim?.expiresAt).toBe(world.now + 1);
    world.now += 1;
    expect(await post({ evidence, ...x509(second) })).toBe("evidence_rejected");
    expect(reason()).toBe("evidence_expired");
  });

  it("needs a key: a bare token is nobody's first use", async () => {
    const evidence = [await cronToken(world)];
    expect(await post({ evidence, jwt })).toBe("possession_failed");
    expect(await post({ evidence, ...x509(first), jwt })).toBe("possession_failed");
    expect(await post({ evidence, jwt }, second)).toBe("issued");
  });

  it("takes each DPoP proof once, whoever sends it again", async () => {
    const text = JSON.stringify({ evidence: [await cronToken(world)], jwt });
    const headers = { dpop: await first.dpop(text) };
    expect((await world.post(text, headers)).status).toBe(200);
    expect(await codeOf(await world.post(text, headers))).toBe("possession_failed");
    expect(reason()).toBe("dpop_replayed");
  });

  it("takes a proof made by a clock that is fast once, to the last second that it is of now", async () => {
    const text = JSON.stringify({ evidence: [await cronToken(world)], jwt });
    const headers = { dpop: await first.dpop(text, { iat: world.now + 60 }) };
    expect((await world.post(text, headers)).status).toBe(200);
    world.now += 120;
    expect(await codeOf(await world.post(text, headers))).toBe("possession_failed");
    expect(reason()).toBe("dpop_replayed");
  });

  it("is not claimed by what is refused: another rule's audience, another SPIFFE ID, another key", async () => {
    const evidence = [await cronToken(world)];
    expect(await post({ evidence, jwt: { audience: ["https://other.example"] } }, second)).toBe(
      "refused",
    );
    expect(await post({ evidence, ...x509(second), spiffe_id: "spiffe://prod.example/x" })).toBe(
      "refused",
    );
    expect(await post({ evidence, ...x509(first) }, second)).toBe("possession_failed");
    expect(await post({ evidence, ...x509(first) })).toBe("issued");
  });

  it("written in another way is no other token", async () => {
    const token = await cronToken(world);
    expect(await post({ evidence: [token], ...x509(first) })).toBe("issued");
    const [head = "", claims = "", signature = ""] = token.token.split(".");
    const spelled = [`${token.token}=`, `${head}=.${claims}.${signature}`, `${token.token}\n`];
    for (const one of spelled)
      expect(await post({ evidence: [{ ...token, token: one }], ...x509(second) })).toBe(
        "evidence_rejected",
      ); // oxlint-disable-line no-await-in-loop -- three
  });

  it("names a key: it is that key's without any claim, and no store is asked", async () => {
    const evidence = [await cronToken(world, first.bound)];
    expect(await post({ evidence, ...x509(first) })).toBe("issued");
    expect(await world.snapshot.store?.list?.()).toEqual([]);
    expect(await post({ evidence, ...x509(second) })).toBe("evidence_rejected");
  });

  it("shown by 50 keys at once: one of them owns it", async () => {
    const evidence = [await cronToken(world)];
    const keys = await Promise.all(Array.from({ length: 50 }, () => workload(world)));
    const answers = await Promise.all(keys.map((key) => post({ evidence, ...x509(key) })));
    expect(answers.filter((answer) => answer === "issued")).toHaveLength(1);
    expect(answers.filter((answer) => answer === "evidence_claimed")).toHaveLength(49);
  });
});

it("without replay: once the same token serves any key for its life, and asks no store", async () => {
  const [{ replay: _, ...rule }] = RULES as [(typeof RULES)[number]];
  world = await createWorld({ rules: [rule], store: "none" });
  const evidence = [await cronToken(world)];
  expect(await post({ evidence, jwt }, first)).toBe("issued");
  expect(await post({ evidence, jwt }, second)).toBe("issued");
});
