import { beforeEach, describe, expect, it } from "vitest";
import {
  AUDIENCE,
  ciToken,
  codeOf,
  createWorld,
  cronToken,
  workload,
  type Workload,
  type World,
} from "./world.ts";

let world: World;
let alice: Workload;
let other: Workload;

beforeEach(async () => {
  world = await createWorld();
  [alice, other] = await Promise.all([workload(world), workload(world)]);
});

const jwt = { audience: [AUDIENCE] };
const x509 = (by: Workload) => ({ csr: by.csr });

interface Case {
  readonly body: object;
  readonly by?: Workload;
  readonly headers?: Record<string, string>;
}

/** Each internal reason with one public code; the log has the former, the answer the latter. */
describe("a request that is refused for what it asks", () => {
  it.each<[reason: string, code: string, () => Promise<Case>]>([
    [
      "nothing_requested",
      "request_malformed",
      async () => ({ body: { evidence: [await cronToken(world)] } }),
    ],
    [
      "content_type_unsupported",
      "request_malformed",
      async () => ({
        body: { evidence: [await cronToken(world)], jwt },
        headers: { "content-type": "text/plain" },
      }),
    ],
    [
      "key_mismatch",
      "possession_failed",
      async () => ({
        body: { evidence: [await ciToken(world, alice.bound)], x509: x509(other), jwt },
        by: alice,
      }),
    ],
    [
      "audience_not_granted",
      "refused",
      async () => ({
        body: { evidence: [await cronToken(world)], jwt: { audience: ["https://other.example"] } },
      }),
    ],
  ])("%s: %s", async (reason, code, make) => {
    const { body, by, headers } = await make();
    const text = JSON.stringify(body);
    const answer = await world.post(text, { ...(by && { dpop: await by.dpop(text) }), ...headers });
    expect(await codeOf(answer)).toBe(code);
    expect(world.audit.events().map((event) => event["reason"])).toEqual([reason]);
    expect(world.keys.x509Signer.signed.length + world.keys.jwtSigner.signed.length).toBe(0);
  });

  it.each(["x509", "jwt", "wit"] as const)(
    "kind_not_granted: %s, which the rule does not give beside what it does",
    async (missing) => {
      const granted = { x509: {}, jwt: { audiences: [AUDIENCE] }, wit: {}, [missing]: undefined };
      const rule = { name: "ci", evidence: { "oidc.ci": {} }, spiffe_id: "/ci", ...granted };
      world = await createWorld({ rules: [rule] });
      const evidence = [await ciToken(world, alice.bound)];
      const all = { x509: x509(alice), jwt, wit: {} };
      const text = JSON.stringify({ evidence, ...all });
      expect(await codeOf(await world.post(text, { dpop: await alice.dpop(text) }))).toBe(
        "refused",
      );
      expect(world.audit.events()).toMatchObject([{ reason: "kind_not_granted" }]);
      const rest = JSON.stringify({ evidence, ...all, [missing]: undefined });
      const answer = await world.post(rest, { dpop: await alice.dpop(rest) });
      const kinds = Object.keys(granted).filter((kind) => kind !== missing);
      expect(await answer.json()).toMatchObject(
        Object.fromEntries(kinds.map((kind) => [kind, expect.anything()])),
      );
    },
  );

  it("audit_unavailable: counted, since it cannot be written", async () => {
    world.audit.broken = true;
    const answer = await world.post({ evidence: [await cronToken(world)], jwt });
    expect(await codeOf(answer)).toBe("unavailable");
    expect(world.issuer.metrics.render()).toMatch(
      /^svidmint_refusals_total\{reason="audit_unavailable"\} 1$/m,
    );
  });
});
