import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  AUDIENCE,
  bootedVm,
  ciToken,
  codeOf,
  createWorld,
  cronToken,
  ISSUER,
  workload,
  type Workload,
  type World,
} from "./world.ts";

const GRANTS = { x509: { ttl: "1h" }, jwt: { ttl: "5m", audiences: [AUDIENCE] } };
const RULES = [
  {
    name: "vouched-vm",
    evidence: { aws_iid: {}, "oidc.ci": { job: "deploy" } },
    join: [["aws_iid.account", "oidc.ci.sub"]],
    spiffe_id: "/vouched/{aws_iid.instance_id}",
    ...GRANTS,
  },
  {
    name: "two-entries",
    evidence: { "oidc.ci": {}, "oidc.cron": {} },
    join: [["oidc.ci.sub", "oidc.cron.sub"]],
    spiffe_id: "/both",
    ...GRANTS,
  },
];
const ACCOUNT = { sub: "111122223333" };

let world: World;
let alice: Workload;
let mallory: Workload;

beforeAll(async () => {
  world = await createWorld({ rules: RULES });
  [alice, mallory] = await Promise.all([workload(world), workload(world)]);
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

async function codeFor(evidence: readonly unknown[], by: Workload): Promise<string> {
  const answer = await world.post({ evidence, x509: { csr: by.csr } });
  return answer.status === 200 ? "issued" : codeOf(answer);
}
const reason = (): unknown => world.audit.events().at(-1)?.["reason"];
const signatures = (): number => world.keys.x509Signer.signed.length;
const owners = async () =>
  ((await world.snapshot.store?.list?.()) ?? []).flatMap((claim) =>
    claim.owners.map(({ owner }) => owner),
  );

describe("two entries of oidc are two names", () => {
  it("which a rule may ask for together", async () => {
    const pieces = [
      await ciToken(world, alice.bound, { sub: "s" }),
      await cronToken(world, alice.bound, { sub: "s" }),
    ];
    expect(await codeFor(pieces, alice)).toBe("issued");
    expect(await codeFor(pieces.toReversed(), alice)).toBe("issued");
  });

  it("and which must name the same", async () => {
    const pieces = [
      await ciToken(world, alice.bound, { sub: "s" }),
      await cronToken(world, alice.bound, { sub: "t" }),
    ];
    expect(await codeFor(pieces, alice)).toBe("refused");
    expect(reason()).toBe("no_rule_matches");
  });

  it("each of which binds to the key that was proved", async () => {
    const before = signatures();
    const own = await cronToken(world, mallory.bound, { sub: "s" });
    const stolen = await ciToken(world, alice.bound, { sub: "s" });
    for (const by of [alice, mallory]) {
      expect(await codeFor([own, stolen], by)).toBe("evidence_rejected"); // oxlint-disable-line no-await-in-loop -- two
      expect(reason()).toBe("binding_mismatch");
    }
    expect(signatures()).toBe(before);
  });

  it("one of which names no key: too weak for the rule, though the other names one", async () => {
    const pieces = [
      await ciToken(world, ISSUER, { sub: "s" }),
      await cronToken(world, alice.bound, { sub: "s" }),
    ];
    expect(await codeFor(pieces, alice)).toBe("refused");
  });
});

describe("the pieces of a request", () => {
  it("two pieces of one name: malformed, be they the same or not", async () => {
    const one = await ciToken(world, alice.bound, ACCOUNT);
    const other = await ciToken(world, alice.bound, { sub: "x" });
    const vm = await bootedVm(world);
    for (const pair of [
      [one, one],
      [one, other],
      [one, vm, other],
      [vm, vm],
    ]) {
      expect(await codeFor(pair, alice)).toBe("request_malformed"); // oxlint-disable-line no-await-in-loop -- a few
    }
  });

  it("five: malformed", async () => {
    const one = await bootedVm(world);
    expect(await codeFor([one, one, one, one, one], alice)).toBe("request_malformed");
    expect(await codeFor([], alice)).toBe("request_malformed");
  });

  it("an unused extra piece: refused, and nobody owns anything by it", async () => {
    const vm = await bootedVm(world);
    const ci = await ciToken(world, alice.bound, ACCOUNT);
    const cron = await cronToken(world, alice.bound, ACCOUNT);
    expect(await codeFor([vm, ci, cron], alice)).toBe("refused");
    expect(reason()).toBe("no_rule_matches");
    expect(await owners()).toEqual([]);
  });

  it("one that does not verify: rejected, however good the others are", async () => {
    const vm = await bootedVm(world);
    const ci = await ciToken(world, alice.bound, ACCOUNT);
    const [head = "", claims = ""] = ci.token.split(".");
    const forged = { ...ci, token: `${head}.${claims}.${"A".repeat(342)}` };
    const before = signatures();
    expect(await codeFor([vm, forged], alice)).toBe("evidence_rejected");
    const late = { exp: world.now - 61, iat: world.now - 600, ...ACCOUNT };
    expect(await codeFor([vm, await ciToken(world, alice.bound, late)], alice)).toBe(
      "evidence_rejected",
    );
    expect(signatures()).toBe(before);
    expect(await owners()).toEqual([]);
  });
});

describe("a stolen instance document beside the thief's own genuine key-bound token", () => {
  const ID = "i-0fedcba9876543210";

  it("of another account: refused, and the document is not claimed", async () => {
    const own = await ciToken(world, mallory.bound, { sub: "444455556666" });
    expect(await codeFor([await bootedVm(world, ID), own], mallory)).toBe("refused");
    expect(await owners()).toEqual([]);
  });

  it("of the same account, where only the account is joined: claimed by its owner", async () => {
    const vm = await bootedVm(world, ID);
    expect(await codeFor([vm, await ciToken(world, alice.bound, ACCOUNT)], alice)).toBe("issued");
    expect(await owners()).toEqual([alice.jkt]);
    expect(await codeFor([vm, await ciToken(world, mallory.bound, ACCOUNT)], mallory)).toBe(
      "evidence_claimed",
    );
    expect(world.audit.events()).toContainEqual(
      expect.objectContaining({ alarm: "claim_taken", claimant: mallory.jkt }),
    );
  });

  it("and jwt alone is not given without a DPoP proof of that key", async () => {
    const pieces = [
      await bootedVm(world, "i-0aaaaaaaaaaaaaaaa"),
      await ciToken(world, alice.bound, ACCOUNT),
    ];
    const body = JSON.stringify({ evidence: pieces, jwt: { audience: [AUDIENCE] } });
    expect(await codeOf(await world.post(body))).toBe("possession_failed");
    const by = await mallory.dpop(body);
    expect(await codeOf(await world.post(body, { dpop: by }))).toBe("evidence_rejected");
    const own = await world.post(body, { dpop: await alice.dpop(body) });
    expect(own.status).toBe(200);
  });
});
