import { readdirSync, readFileSync, existsSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { base64, pem, wrap } from "../../fakes/keys.ts";
import { badLines, postRaw, quickest, reasons, signatures } from "../../unit/handlers/support.ts";
import {
  createWorld,
  cronToken,
  workload,
  AUDIENCE,
  type Workload,
  type World,
} from "../../unit/issuer/world.ts";
import { vectorArchive } from "../support/tar.ts";

const FUZZ_MAX_MS = 250;
const JSON_MAX_MS = 50;
/** Of the fuzzers' 3 760 files each third is sent: parsers see them all in a test of their own. */
const STRIDE = 3;

const fuzz = ["openssl-fuzz-corpora.tar.gz", "boringssl-fuzz-corpora.tar.gz"].flatMap(
  (name) => vectorArchive(name) ?? [],
);
const documents = vectorArchive("json-test-suite.tar.gz") ?? [];
const BADKEYS = new URL("../../../../shared/vectors/third-party/badkeys/", import.meta.url);
const badkeys = existsSync(BADKEYS)
  ? readdirSync(BADKEYS).filter((name) => /\.(?:key|csr|pem|crt)$/.test(name))
  : [];

let world: World;
let alice: Workload;
let token: { type: "oidc"; token: string };

beforeAll(async () => {
  world = await createWorld({ platform: nodePlatform });
  alice = await workload(world);
  token = await cronToken(world);
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

/** Sends each body; all are refused, none is slow. @returns how many of each status there were */
async function refuseAll(
  bodies: readonly (readonly [name: string, body: string | Uint8Array])[],
  maxMs: number,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  let sent = 0;
  let status = 0;
  for (const [name, body] of bodies) {
    const bytes = typeof body === "string" ? body : new Uint8Array(body);
    // oxlint-disable-next-line no-await-in-loop
    const ms = await quickest(maxMs, async () => {
      sent++;
      ({ status } = await postRaw(world, bytes));
    });
    if (status < 400 || status >= 500 || ms >= maxMs)
      wrong.push(`${name}: ${status} in ${Math.round(ms)} ms`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(wrong).toEqual([]);
  expect(badLines(world)).toEqual([]);
  expect(world.audit.lines).toHaveLength(sent);
  expect(signatures(world)).toBe(0);
  expect(world.network.calls).toEqual([]);
  return statuses;
}

describe.skipIf(fuzz.length === 0)("what fuzzers found, at the endpoint (../shared)", () => {
  const sample = fuzz.filter(({ bytes }, index) => index % STRIDE === 0 && bytes.length < 24_000);
  const send = (make: (bytes: Uint8Array) => object, x509 = true) =>
    refuseAll(
      sample.map(
        ({ name, bytes }) =>
          [
            name,
            JSON.stringify({ ...(x509 && { x509: { csr: alice.csr } }), ...make(bytes) }),
          ] as const,
      ),
      FUZZ_MAX_MS,
    );

  it("as a CSR: possession_failed, or too long to be one", async () => {
    const statuses = await send((bytes) => ({
      evidence: [token],
      x509: { csr: pem("CERTIFICATE REQUEST", bytes) },
    }));
    expect([...statuses.keys()]).toEqual([400]);
    expect(sample.length).toBeGreaterThan(1000);
  });

  it("as the text of a CSR", async () => {
    const statuses = await send((bytes) => ({
      evidence: [token],
      x509: { csr: `${Buffer.from(bytes).toString("latin1")}x` },
    }));
    expect([...statuses.keys()].toSorted()).toEqual([400, 413]);
  });

  it("as the PKCS#7 of an EC2 instance: evidence_rejected", async () => {
    const statuses = await send((bytes) => ({
      evidence: [{ type: "aws_iid", rsa2048: wrap(base64(bytes), 76) }],
    }));
    expect([...statuses.keys()]).toEqual([403]);
  });

  it("as a token and as a DPoP proof's neighbour", async () => {
    await send((bytes) => ({
      evidence: [{ type: "azure_msi", token: Buffer.from(bytes).toString("base64url") }],
    }));
    expect(new Set(reasons(world))).toEqual(new Set(["evidence_too_large", "jws_malformed"]));
  });
});

describe.skipIf(documents.length === 0)("JSONTestSuite, at the endpoint (../shared)", () => {
  const named = documents.map(({ name, bytes }) => [name.split("/").at(-1) ?? "", bytes] as const);

  it("as the body: each of 318 is malformed, none a fault, none slow", async () => {
    const statuses = await refuseAll(named, JSON_MAX_MS);
    expect(Object.fromEntries(statuses)).toEqual({ 400: 316, 413: 2 });
    const notJson = world.audit.events().filter(({ reason }) => reason === "body_not_json").length;
    expect(notJson).toBeGreaterThan(188);
  });

  it("as a member of a good body: malformed or unknown", async () => {
    const good = JSON.stringify({ evidence: [token], jwt: { audience: [AUDIENCE] } });
    const around = [Buffer.from(`${good.slice(0, -1)},"x":`), Buffer.from("}")] as const;
    const bodies = named.map(
      ([name, bytes]) => [name, concatBytes(around[0], bytes, around[1])] as const,
    );
    expect(Object.fromEntries(await refuseAll(bodies, JSON_MAX_MS))).toEqual({ 400: 316, 413: 2 });
  });
});

describe.skipIf(badkeys.length === 0)(
  "weak and defective keys, at the endpoint (../shared)",
  () => {
    it("as a CSR, as they lie there: possession_failed at once", async () => {
      const bodies = badkeys.map((name) => {
        const csr = readFileSync(new URL(name, BADKEYS), "latin1");
        return [name, JSON.stringify({ evidence: [token], x509: { csr } })] as const;
      });
      expect([...(await refuseAll(bodies, FUZZ_MAX_MS))]).toEqual([[400, badkeys.length]]);
    });
  },
);
