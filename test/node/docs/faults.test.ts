import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import type { Snapshot } from "../../../src/issuer/snapshot.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { Signer } from "../../../src/signer/signer.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { simulateSts } from "../../fakes/aws-web-identity.ts";
import { ACCOUNT as STS_ACCOUNT, PRINCIPAL, sign } from "../../unit/attestors/aws/sts-support.ts";
import { keySet, tokenKey, type TokenKey } from "../../fakes/token-issuer.ts";
import { withLeafKey } from "../../fakes/x509-key.ts";
import {
  AUDIENCE,
  bootedVm,
  ciToken,
  createWorld,
  cronToken,
  ENDPOINT,
  ISSUER,
  workload,
  type Workload,
  type World,
} from "../../unit/issuer/world.ts";
import { RULES } from "../../unit/issuer/names.ts";

const page = await readFile(new URL("../../../docs/faults.md", import.meta.url), "utf8");
const [head = "", , ...rows] = (/^\| down .*?\n\n/ms.exec(page)?.[0] ?? "").trim().split("\n");
const cells = (row: string): string[] =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("`", ""));
const COLUMNS = cells(head).slice(1);

let world: World;
let alice: Workload;
let key: TokenKey;
const HOUR = 3600;
const STS = "https://sts.eu-central-1.amazonaws.com/";

async function serveSts(): Promise<void> {
  const sts = await simulateSts({
    region: "eu-central-1",
    account: STS_ACCOUNT,
    principals: [PRINCIPAL],
    now: () => world.now,
  });
  world.network.serve(STS, sts.fetch);
}

beforeAll(async () => {
  world = await createWorld({
    platform: nodePlatform,
    oidc: {
      far: { issuer: "https://far.example", jwks: "https://far.example/jwks", pin: "issuer" },
      new: { issuer: "https://new.example", jwks: "https://new.example/jwks", pin: "issuer" },
      down: { issuer: "https://down.example", jwks: "https://down.example/jwks", pin: "issuer" },
    },
    more: { aws_sts: { accounts: [STS_ACCOUNT] } },
    rules: [
      ...RULES,
      { name: "sts", evidence: { aws_sts: {} }, spiffe_id: "/sts", x509: { ttl: "1h" } },
      ...["far", "new", "down"].map((entry) => ({
        name: entry,
        evidence: { [`oidc.${entry}`]: {} },
        spiffe_id: `/${entry}`,
        x509: { ttl: "1h" },
      })),
    ],
  });
  alice = await workload(world);
  await serveSts();
  key = await tokenKey("ES256", "k1");
  for (const entry of ["far", "new"]) world.network.serveJson(`https://${entry}.example/jwks`, keySet(key));
});

async function fetched(entry: string, kid?: string): Promise<object> {
  const signer = kid === undefined ? key : await tokenKey("ES256", kid);
  const token = await signer.sign({
    iss: `https://${entry}.example`,
    sub: "s",
    aud: alice.bound,
    iat: world.now - 10,
    exp: world.now + 600,
  });
  return { type: "oidc", token };
}

/** What is broken, and whose keys are fetched. */
interface Fault {
  readonly entry?: string;
  readonly kid?: string;
  readonly snapshot?: Partial<Snapshot>;
  readonly audit?: () => void;
}

const broken = (): never => {
  throw new Error("down");
};

function signerDown(use: "x509" | "jwt"): Fault {
  const down = (signer: Signer): Signer => ({
    ...signer,
    sign: () => Promise.reject(new SignerError("unavailable", "down")),
  });
  const { keys } = world;
  return {
    snapshot: {
      keys: {
        ...keys,
        ...(use === "x509" && {
          x509(now: number) {
            return withLeafKey(keys.x509(now), (one) => ({ ...one, signer: down(one.signer) }));
          },
        }),
        ...(use === "jwt" && {
          jwt(now: number) {
            const one = keys.jwt(now);
            return one && { ...one, signer: down(one.signer) };
          },
        }),
      },
    },
  };
}

/** In the order of the table: time passes from one to the next, and the network goes down after the first. */
const FAULTS: Readonly<Record<string, () => Fault | Promise<Fault>>> = {
  nothing: () => ({}),
  "published keys, never fetched so far": () => ({ entry: "down" }),
  "published keys, fetched in the last 24 h": () => {
    world.network.serve("https://far.example/jwks", broken);
    world.now += 23 * HOUR;
    return {};
  },
  "published keys, fetched before that": () => {
    world.now += 2 * HOUR;
    return {};
  },
  "published keys, and a key that is new": () => {
    world.network.serve("https://new.example/jwks", broken);
    world.now += HOUR;
    return { entry: "new", kid: "k2" };
  },
  STS: () => {
    world.network.serve(STS, () => new Response("busy", { status: 503 }));
    world.network.serveJson("https://far.example/jwks", keySet(key));
    world.now += HOUR;
    return {};
  },
  "claim store": async () => {
    await serveSts();
    const down = () => Promise.reject(new Error("down"));
    return { snapshot: { store: { ...memoryStore(), claim: down, once: down, release: down } } };
  },
  "signer of X.509-SVIDs": () => signerDown("x509"),
  "signer of JWT-SVIDs": () => signerDown("jwt"),
  "audit log": () => ({ audit: broken }),
};

/** One outcome a column. */
async function outcomes(fault: Fault): Promise<string[]> {
  const lines: string[] = [];
  const snapshot = { ...world.snapshot, store: memoryStore(), ...fault.snapshot };
  const issuer = createIssuer(() => snapshot, {
    metrics: createMetrics(),
    audit: { write: fault.audit ?? ((line) => void lines.push(line)) },
  });
  const app = createApp(issuer, { openapi: "{}" });
  const asked = async (evidence: object, what: object): Promise<string> => {
    lines.length = 0;
    const before = issuer.metrics.render();
    const answer = await app.fetch(
      new Request(ENDPOINT, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ evidence: [evidence], ...what }),
      }),
    );
    if (answer.status === 200) return "200";
    expect(answer.headers.has("retry-after")).toBe(answer.status === 503);
    const counted = /^svidmint_refusals_total\{reason="(\w+)"\} (\d+)$/gm;
    const [reason = ""] = [...issuer.metrics.render().matchAll(counted)]
      .filter(([line]) => !before.includes(line))
      .map(([, name]) => name);
    return `${answer.status} ${reason}`;
  };
  const got = async (path: string): Promise<number> =>
    (await app.fetch(new Request(`${ISSUER}${path}`))).status;
  const x509 = { x509: { csr: alice.csr } };
  const documents = ["/bundle", "/.well-known/jwks.json", "/.well-known/openid-configuration"];
  return [
    await asked(await ciToken(world, alice.bound), x509),
    await asked(await fetched(fault.entry ?? "far", fault.kid), x509),
    await asked(await sign({ binding: alice.bound, now: world.now }), x509),
    await asked(await bootedVm(world), x509),
    await asked(await cronToken(world), { jwt: { audience: [AUDIENCE] } }),
    [...new Set(await Promise.all(documents.map(got)))].join(),
    [...new Set([await got("/readyz"), await got("/healthz")])].join(),
  ];
}

describe("docs/faults.md", () => {
  it("has a row for each fault that is tried here, in this order", () => {
    expect(rows.map((row) => cells(row)[0])).toEqual(Object.keys(FAULTS));
    expect(COLUMNS).toHaveLength(7);
  });

  it.each(rows.map((row) => cells(row)))("%s", async (name, ...expected) => {
    if (name === "nothing") await outcomes({ entry: "new" }); // its keys are fetched, too
    const fault = await FAULTS[name]?.();
    if (fault === undefined) throw new Error(`${name} is not tried`);
    expect(await outcomes(fault)).toEqual(expected);
  });
});
