import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import { toHex, utf8Encode } from "../../../src/encoding/bytes.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import type { Snapshot } from "../../../src/issuer/snapshot.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { commonName, csrPem } from "../../fakes/csr.ts";
import {
  ciToken,
  createWorld,
  cronToken,
  msiToken,
  workload,
  ACCOUNT,
  AUDIENCE,
  ENDPOINT,
  ISSUER,
  type Workload,
  type World,
} from "../issuer/world.ts";

/** In every secret that is sent; what else of it is random counts as well. */
const CANARY = "c4n4ryc4n4ry5ecretq7w8e9r0t1y2u3i4";
const WINDOW = 16;

let world: World;
let alice: Workload;
let csr: string;
/** All that ever left: answers, audit, log, console, metrics, outbound calls. */
const sinks: string[] = [];
/** Of every secret sent: each run of 16 characters that must be in none of them. */
const forbidden = new Set<string>();
const writers = (["log", "info", "warn", "error", "debug"] as const).map((name) =>
  vi
    .spyOn(console, name)
    .mockImplementation((...args) => void sinks.push(args.map(String).join(" "))),
);

function forbid(secret: string): void {
  for (let at = 0; at + WINDOW <= secret.length; at++) forbidden.add(secret.slice(at, at + WINDOW));
}

/** A text, and what it looks like inside base64 at each of the three places it can begin, and in hex. */
function forbidText(text: string): void {
  forbid(text);
  forbid(toHex(utf8Encode(text)));
  for (const before of ["", "x", "xx"]) {
    const encoded = encodeBase64url(utf8Encode(before + text)).slice(4, -4);
    forbid(encoded);
    forbid(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  }
}

beforeAll(async () => {
  world = await createWorld({ store: memoryStore() });
  alice = await workload(world);
  csr = await csrPem(world.platform, alice.key, { subject: commonName(CANARY) });
  forbidText(CANARY);
  forbid(
    csr
      .replace(/-----[^-]+-----/g, "")
      .replaceAll("\n", "")
      .slice(-60),
  ); // the signature's end
});
afterAll(() => {
  for (const writer of writers) writer.mockRestore();
});

type Evidence = { type: string } & Record<string, string>;

/** One request with the canary wherever a request has room for one. Its evidence's signature is forbidden as well. */
async function send(
  body: Record<string, unknown>,
  options: {
    headers?: Record<string, string>;
    snapshot?: Partial<Snapshot>;
    auditBroken?: boolean;
  } = {},
): Promise<number> {
  for (const evidence of (body["evidence"] ?? []) as Evidence[]) {
    const text = evidence["token"] ?? evidence["rsa2048"] ?? "";
    forbid(text.replaceAll("\n", "").slice(-80));
  }
  const lines: string[] = [];
  const issuer = createIssuer(() => ({ ...world.snapshot, ...options.snapshot }), {
    metrics: createMetrics(),
    audit: {
      write(line) {
        if (options.auditBroken === true) throw new Error(`cannot write ${line} ${CANARY}`);
        lines.push(line);
      },
    },
    log: (line) => void lines.push(line),
  });
  const text = JSON.stringify(body);
  const request = new Request(`${ENDPOINT}?canary=${CANARY}`, {
    method: "POST",
    body: text,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${CANARY}`,
      cookie: `session=${CANARY}`,
      "user-agent": CANARY,
      "x-request-id": CANARY,
      traceparent: `00-${CANARY.slice(0, 32)}-0123456789abcdef-01`,
      ...options.headers,
    },
  });
  const answer = await createApp(issuer, { openapi: "{}", metrics: { token: "t" } }).fetch(request);
  sinks.push(
    await answer.text(),
    JSON.stringify([...answer.headers]),
    ...lines,
    issuer.metrics.render(),
    ...world.network.calls,
  );
  return answer.status;
}

const secret = { secret: CANARY, sub: CANARY, nested: { deep: [CANARY] } };
const dpopFor = async (body: object, claims: object = {}): Promise<Record<string, string>> => {
  const dpop = await alice.dpop(JSON.stringify(body), {
    secret: CANARY,
    jti: CANARY + Math.random(),
    ...claims,
  });
  forbid(dpop.split(".")[2] ?? "");
  return { dpop };
};
const jwt = { audience: [AUDIENCE] };
const cron = (claims: object = {}, audience = ISSUER) =>
  cronToken(world, audience, { ...secret, ...claims });
const ci = (claims: object = {}) => ciToken(world, alice.bound, { ...secret, ...claims });

async function vm(document: object = {}): Promise<Evidence> {
  const options = {
    account: ACCOUNT,
    instanceId: "i-0123456789abcdef0",
    pendingTime: world.now - 60,
  };
  const { rsa2048 } = await world.region.launch({
    ...options,
    document: { imageId: CANARY, privateIp: CANARY, ...document },
  });
  return { type: "aws_iid", rsa2048 };
}

describe("a canary in every secret field (LG-1)", () => {
  it("is sent down every path that succeeds", async () => {
    const both = { evidence: [await ci()], x509: { csr }, jwt };
    expect(await send(both, { headers: await dpopFor(both) })).toBe(200);
    expect(await send({ evidence: [await cron()], jwt })).toBe(200);
    expect(
      await send({ evidence: [await cron()], jwt }, { headers: { accept: "application/jwt" } }),
    ).toBe(200);
    const machine = {
      evidence: [await vm({ imageId: "ami-1", privateIp: "10.0.0.1" })],
      x509: { csr },
      jwt,
    };
    expect(await send(machine, { headers: await dpopFor(machine) })).toBe(200);
    expect(await send({ evidence: [await msiToken(world)], x509: { csr } })).toBe(200);
  });

  it("is sent down every path that is refused", async () => {
    const evil = await workload(world);
    const good = await cron();
    const statuses = [
      await send({ evidence: [await cron({ exp: world.now - 100 })], jwt }),
      await send({ evidence: [await cron({}, `https://${CANARY}.example`)], jwt }),
      await send({ evidence: [await cron({ iss: `https://${CANARY}.example` })], jwt }),
      await send({ evidence: [await cron({ job: CANARY.repeat(70) })], jwt }),
      await send({ evidence: [await cron({ job: `../${CANARY}` })], jwt }),
      await send({ evidence: [await ci()], x509: { csr: evil.csr } }),
      await send({ evidence: [await ci()], x509: { csr }, jwt }),
      await send({
        evidence: [{ type: "oidc", token: `${good.token.slice(0, -8)}AAAAAAAA` }],
        jwt,
      }),
      await send({ evidence: [{ type: "oidc", token: CANARY }], jwt }),
      await send({ evidence: [{ type: "oidc", token: `${CANARY}.${CANARY}.${CANARY}` }], jwt }),
      await send({ evidence: [{ type: "oidc", token: "x", entry: CANARY }], jwt }),
      await send({ evidence: [{ type: CANARY, token: CANARY }], jwt }),
      await send({ evidence: [{ type: "gcp_iit", token: CANARY }], jwt }),
      await send({ evidence: [await vm({ accountId: CANARY })], x509: { csr } }),
      await send({ evidence: [await vm({ region: CANARY })], x509: { csr } }),
      await send({ evidence: [{ type: "aws_iid", rsa2048: CANARY }], x509: { csr } }),
      await send({ evidence: [{ type: "azure_msi", token: good.token }], x509: { csr } }),
      await send({ evidence: [good], jwt: { audience: [`https://${CANARY}.example`] } }),
      await send({ evidence: [good], jwt, spiffe_id: `spiffe://prod.example/${CANARY}` }),
      await send({ evidence: [good], jwt, secret: CANARY }),
      await send({ evidence: [{ ...good, secret: CANARY }], jwt }),
      await send({ evidence: [good], jwt: { ...jwt, ttl_seconds: CANARY } }),
      await send({ evidence: [good], x509: { csr: CANARY } }),
      await send({
        evidence: [good],
        x509: { csr: csr.replace(/.{4}\n-----END/, "AAAA\n-----END") },
      }),
      await send({ evidence: [good, good], jwt }),
      await send({ evidence: [good], jwt }, { headers: { dpop: CANARY } }),
      await send({ evidence: [good], jwt }, { headers: await dpopFor({ other: 1 }) }),
      await send(
        { evidence: [good], jwt },
        { headers: await dpopFor({ evidence: [good], jwt }, { htu: CANARY }) },
      ),
      await send({ evidence: [good], jwt }, { headers: { accept: CANARY } }),
      await send({ evidence: [good], jwt }, { headers: { "content-type": CANARY } }),
      await send({ evidence: [good], jwt }, { headers: { "content-encoding": CANARY } }),
    ];
    expect(statuses.filter((status) => ![400, 403, 409, 415].includes(status))).toEqual([]);
  });

  it("is sent down every path that breaks, in the message of what is thrown", async () => {
    const boom = new Error(`first line\n${CANARY}\n    at ${CANARY}`);
    const rejects = () => Promise.reject(boom);
    const oidc = world.snapshot.attestors.get("oidc");
    if (oidc === undefined) throw new Error("fixture");
    const broken = (part: object): Partial<Snapshot> => ({
      attestors: new Map([...world.snapshot.attestors, ["oidc", { ...oidc, ...part }]]),
    });
    const evidence = [await cron()];
    const machine = {
      evidence: [await vm({ imageId: "ami-1", privateIp: "10.0.0.1" })],
      x509: { csr },
    };
    const thrower = () => {
      throw boom;
    };
    const signer = (fault: () => never): Partial<Snapshot> => ({
      keys: {
        ...world.keys,
        jwt: (now) => {
          const key = world.keys.jwt(now);
          return key && { ...key, signer: { ...key.signer, sign: fault } };
        },
      },
    });
    const statuses = [
      await send({ evidence, jwt }, { auditBroken: true }),
      await send({ evidence, jwt }, { snapshot: broken({ parse: thrower }) }),
      await send({ evidence, jwt }, { snapshot: broken({ precheck: rejects }) }),
      await send({ evidence, jwt }, { snapshot: broken({ verify: rejects }) }),
      await send({ evidence, jwt }, { snapshot: { documents: rejects } }),
      await send({ evidence, jwt }, { snapshot: signer(thrower) }),
      await send(
        { evidence, jwt },
        {
          snapshot: signer(() => {
            throw new SignerError("denied", "the key service said no", { cause: boom });
          }),
        },
      ),
      await send(machine, {
        snapshot: {
          store: {
            ...memoryStore(),
            claim: () => Promise.reject(new Error("down", { cause: boom })),
          },
        },
      }),
    ];
    expect(new Set(statuses)).toEqual(new Set([503]));
  });

  it("is nowhere to be found", () => {
    expect(forbidden.size).toBeGreaterThan(1000);
    expect(sinks.length).toBeGreaterThan(150);
    const leaks: string[] = [];
    for (const sink of sinks) {
      for (let at = 0; at + WINDOW <= sink.length; at++) {
        if (!forbidden.has(sink.slice(at, at + WINDOW))) continue;
        leaks.push(sink.slice(Math.max(0, at - 60), at + 40));
        break;
      }
    }
    expect(leaks).toEqual([]);
  });

  it("would have been found", () => {
    for (const leak of [
      CANARY,
      `x${CANARY}`.slice(3),
      btoa(`{"a":"${CANARY}"}`),
      toHex(utf8Encode(CANARY)).slice(5),
    ]) {
      const windows = Array.from({ length: leak.length - WINDOW + 1 }, (_, at) =>
        leak.slice(at, at + WINDOW),
      );
      expect(windows.some((window) => forbidden.has(window))).toBe(true);
    }
  });
});
