import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Bundle } from "../../../src/encoding/bundle.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import { decodeJwt } from "jose";
import { keySetUrl, tokenKey } from "../../fakes/token-issuer.ts";
import { hashOf, jwtSvid, peer, PEER, witSvid } from "../attestors/spiffe/spiffe-support.ts";
import {
  AUDIENCE,
  createWorld,
  ENDPOINT,
  NOW,
  workload,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { token } from "../svid/jwt.ts";
import { forget, problemOf, reasons, signatures } from "./support.ts";
import { post, witOf } from "./wit-support.ts";

const watch = await tokenKey("ES256", "watch-1");
const GRANTS = { shared_id: true, x509: {}, jwt: { audiences: [AUDIENCE] }, wit: {} };
const RENEWED = "spiffe://prod.example/from/partner.example";
const RULES = [
  {
    name: "partner",
    evidence: { spiffe: { trust_domain: PEER, path: "/orders/*" } },
    spiffe_id: "/from/{spiffe.trust_domain}",
    ...GRANTS,
  },
  {
    name: "renewal",
    evidence: { spiffe: { trust_domain: "prod.example" }, "oidc.watch": { identity: RENEWED } },
    join: [["spiffe.spiffe_id", "oidc.watch.identity"]],
    binding: { "oidc.watch": "audience" },
    spiffe_id: "/from/partner.example",
    ...GRANTS,
  },
];

let world: World;
let alice: Workload;
let peers: Map<string, Bundle>;

beforeAll(async () => {
  peers = new Map([[PEER, peer.bundle]]);
  world = await createWorld({
    peers,
    rules: RULES,
    more: { spiffe: { trust_domains: [PEER, "prod.example"] } },
    oidc: {
      watch: { issuer: "https://watch.example", jwks: keySetUrl(watch), pin: "identity" },
      partner: { issuer: "https://partner.example", jwks: keySetUrl(peer.jwt), pin: "issuer" },
    },
  });
});
beforeEach(async () => {
  peers.set(PEER, peer.bundle);
  world.now = NOW;
  forget(world);
  alice = await workload(world);
});

async function proved(wit: string, by: Workload = alice, change: object = {}): Promise<object> {
  const claims = { aud: ENDPOINT, exp: world.now + 60, jti: "one", wth: await hashOf(wit) };
  const wpt = await token(by.key, { alg: "ES256", typ: "wpt+jwt" }, { ...claims, ...change });
  return { type: "spiffe", token: wit, wpt };
}

const forAlice = (change: object = {}) =>
  witSvid({ cnf: { jwk: { ...jwkOf(alice.key.publicKey.info), alg: "ES256" } }, ...change });

describe("SVIDs on SVIDs", () => {
  it("end no later than the JWT-SVID that they stand on: X.509, JWT and WIT alike", async () => {
    const evidence = [
      { type: "spiffe", token: await jwtSvid({ aud: alice.bound, exp: world.now + 77 }) },
    ];
    const jwt = { audience: [AUDIENCE] };
    const answer = await post(world, { evidence, x509: { csr: alice.csr }, jwt, wit: {} }, alice);
    expect(answer.status).toBe(200);
    const svids = (await answer.json()) as Record<"x509" | "jwt" | "wit", Record<string, string>>;
    const ends = [svids.x509, svids.jwt, svids.wit].map(({ expires_at: at }) => at);
    expect(ends).toEqual([world.now + 77, world.now + 77, world.now + 77]);
    for (const { token: text = "" } of [svids.jwt, svids.wit])
      expect(decodeJwt(text)).toMatchObject({
        sub: "spiffe://prod.example/from/partner.example",
        exp: world.now + 77,
      });
    const blocks = decodePem(svids.x509["certificate_chain"] ?? "", "CERTIFICATE", { max: 2 });
    const leaf = blocks.ok ? parseCertificate(blocks.value[0] ?? new Uint8Array()) : blocks;
    expect(leaf).toMatchObject({ ok: true, value: { notAfter: world.now + 77 } });
  });

  it("end no later than the WIT-SVID, whose own key alone gets them", async () => {
    const evidence = [await proved(await forAlice({ exp: world.now + 600 }))];
    const { wit } = await witOf(world, await post(world, { evidence, wit: { csr: alice.csr } }));
    expect(wit.expiresAt).toBe(world.now + 600);
    expect(wit.key).toEqual(alice.key.publicKey.info);
    const mallory = await workload(world);
    for (const [body, by] of [
      [{ evidence, wit: { csr: mallory.csr } }, undefined],
      [{ evidence, wit: {} }, mallory],
      [{ evidence: [await proved(await forAlice(), mallory)], wit: { csr: alice.csr } }, undefined],
    ] as const)
      expect((await problemOf(await post(world, body, by))).code).toBe("evidence_rejected"); // oxlint-disable-line no-await-in-loop -- one after another
    const jwt = { evidence, jwt: { audience: [AUDIENCE] } };
    expect((await problemOf(await post(world, jwt))).code).toBe("possession_failed");
    expect((await post(world, jwt, alice)).status).toBe(200);
  });

  it("are none on one that is accepted within the leeway only", async () => {
    const evidence = [await proved(await forAlice({ exp: world.now - 1 }))];
    const answer = await post(world, { evidence, wit: { csr: alice.csr } });
    expect((await problemOf(answer)).code).toBe("evidence_rejected");
    expect(signatures(world)).toBe(0);
  });
});

describe("an SVID of our own", () => {
  const watched = async () => ({
    type: "oidc",
    token: await watch.sign({
      iss: "https://watch.example",
      sub: "x",
      aud: "https://id.prod.example",
      iat: world.now,
      exp: world.now + 600,
      identity: RENEWED,
    }),
  });

  it("is renewed beside another factor, never beyond its end, and never alone", async () => {
    const first = await witOf(
      world,
      await post(world, {
        evidence: [await proved(await forAlice({ exp: world.now + 900 }))],
        wit: { csr: alice.csr },
      }),
    );
    world.now += 300;
    const own = await proved(first.token);
    const alone = await post(world, { evidence: [own], wit: { csr: alice.csr } });
    expect((await problemOf(alone)).code).toBe("refused");
    const body = { evidence: [own, await watched()], wit: { csr: alice.csr } };
    const second = await witOf(world, await post(world, body));
    expect(second.wit.expiresAt).toBe(first.wit.expiresAt);
    expect(second.token).not.toBe(first.token);
  });

  it("is not taken from a stranger who signs in our name", async () => {
    const forged = await forAlice({ sub: RENEWED });
    const answer = await post(world, {
      evidence: [await proved(forged), await watched()],
      wit: { csr: alice.csr },
    });
    expect((await problemOf(answer)).code).toBe("evidence_rejected");
    expect(reasons(world)).toEqual(["key_unknown"]);
  });
});

describe("what is refused at the endpoint", () => {
  it("a JWT-SVID of a peer as a token of an OpenID Connect issuer, which would outlive it", async () => {
    const claims = { iss: "https://partner.example", aud: alice.bound };
    const evidence = [{ type: "oidc", token: await jwtSvid(claims) }];
    const answer = await post(world, { evidence, x509: { csr: alice.csr } });
    expect((await problemOf(answer)).code).toBe("evidence_rejected");
    expect(reasons(world)).toEqual(["claim_value"]);
  });

  it("a WIT-SVID without its proof, and with one for another request", async () => {
    const wit = await forAlice();
    const x509 = { csr: alice.csr };
    const bare = await post(world, { evidence: [{ type: "spiffe", token: wit }], x509 });
    expect((await problemOf(bare)).code).toBe("possession_failed");
    const elsewhere = await proved(wit, alice, { aud: "https://b.example/v1/svids" });
    expect((await problemOf(await post(world, { evidence: [elsewhere], x509 }))).code).toBe(
      "evidence_rejected",
    );
  });

  it("everything of a peer whose bundle is held no more: unavailable", async () => {
    peers.delete(PEER);
    const evidence = [{ type: "spiffe", token: await jwtSvid({ aud: alice.bound }) }];
    const answer = await post(world, { evidence, x509: { csr: alice.csr } });
    expect((await problemOf(answer)).code).toBe("unavailable");
    expect(reasons(world)).toEqual(["keys_unavailable"]);
  });

  it("a path that no rule names, and evidence that is written nowhere", async () => {
    const svid = await jwtSvid({ aud: alice.bound, sub: `spiffe://${PEER}/billing/api` });
    const evidence = [{ type: "spiffe", token: svid }];
    const answer = await post(world, { evidence, x509: { csr: alice.csr } });
    expect((await problemOf(answer)).code).toBe("refused");
    expect(world.audit.lines.join("\n")).not.toContain(svid.slice(-40));
  });
});
