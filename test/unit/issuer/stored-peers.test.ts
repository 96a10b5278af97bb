import { describe, expect, it } from "vitest";
import { digestOf, STORED_FORMAT } from "../../../src/issuer/stored-config.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";
import { ENDPOINT, ISSUER, NOW } from "./names.ts";
import { compiled, open, refusal, source } from "./stored-world.ts";
import { workload } from "./world.ts";

const origin = await source(() => NOW);

describe("the peers of a compiled configuration", () => {
  const bundle = () =>
    `data:;base64,${btoa(JSON.stringify({ keys: [{ ...origin.ci.jwk, use: "jwt-svid" }] }))}`;

  it("are carried along, and held again", async () => {
    const peers = { "peer.example": { bundle: bundle() } };
    const document = await compiled(origin, { peers });
    expect(document.config.peers).toEqual(peers);
    expect((await open(document, origin)).ready()).toBe(true);
  });

  it("vouch for their workloads, as our own keys do for ours", async () => {
    const alice = await workload({ platform: origin.platform, now: NOW });
    const rule = { spiffe_id: "/x/{spiffe.trust_domain}", x509: {} };
    const document = await compiled(origin, {
      peers: { "peer.example": { bundle: bundle() } },
      evidence: { spiffe: { trust_domains: ["peer.example"] } },
      rules: [{ name: "peer", evidence: { spiffe: {} }, ...rule }],
      deny: [],
    });
    const issuer = await open(document, origin);
    const app = createApp(issuer, { openapi: "{}" });
    const post = async (sub: string, key = origin.ci) => {
      const claims = { sub, aud: alice.bound, iat: NOW, exp: NOW + 60 };
      const evidence = [{ type: "spiffe", token: await key.sign(claims) }];
      const body = JSON.stringify({ evidence, x509: { csr: alice.csr } });
      const headers = { "content-type": "application/json" };
      return app.fetch(new Request(ENDPOINT, { method: "POST", headers, body }));
    };
    const answer = await post("spiffe://peer.example/a");
    expect(await answer.json()).toMatchObject({
      spiffe_id: "spiffe://prod.example/x/peer.example",
      x509: { expires_at: NOW + 60 },
    });
    expect((await post("spiffe://prod.example/a")).status).toBe(403);
    const stranger = await tokenKey("ES256", origin.ci.kid);
    expect((await post("spiffe://peer.example/a", stranger)).status).toBe(403);
  });

  it("go with the answers of rules that name them, and tokens are for them", async () => {
    const alice = await workload({ platform: origin.platform, now: NOW });
    const audience = "https://id.peer.example";
    const document = await compiled(origin, {
      peers: { "peer.example": { bundle: bundle(), audience } },
      evidence: { spiffe: { trust_domains: ["peer.example"] } },
      rules: [
        {
          name: "peer",
          evidence: { spiffe: {} },
          binding: { spiffe: "audience" },
          spiffe_id: "/x",
          jwt: { exchange_to: ["peer.example"] },
          federates_with: ["peer.example"],
        },
      ],
      deny: [],
    });
    const lines: string[] = [];
    const issuer = await open(document, origin, lines);
    const app = createApp(issuer, { openapi: "{}" });
    const claims = { sub: "spiffe://peer.example/a", aud: ISSUER, iat: NOW, exp: NOW + 60 };
    const evidence = [{ type: "spiffe", token: await origin.ci.sign(claims) }];
    const post = async (aud: string) => {
      const body = JSON.stringify({ evidence, jwt: { audience: [aud] } });
      const headers = { "content-type": "application/json", dpop: await alice.dpop(body) };
      return app.fetch(new Request(ENDPOINT, { method: "POST", headers, body }));
    };
    const answer = await post(`${audience}/jkt/${alice.jkt}`);
    const held = await (await app.fetch(new Request(`${ISSUER}/bundles/peer.example`))).text();
    expect(await answer.text()).toContain(`"federated_bundles":{"peer.example":${held}}`);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      event: "intent",
      evidence: [{ name: "spiffe", bundle: { trust_domain: "peer.example", age_seconds: 0 } }],
    });
    expect((await post(`${audience}/jkt/${"A".repeat(43)}`)).status).toBe(403);
  });

  it("are held to what a bundle is", async () => {
    const peers = { "peer.example": { bundle: "data:;base64,e30=" } };
    const { config } = await compiled(origin);
    const forged = { ...config, peers };
    const sha256 = await digestOf(forged, origin.platform);
    const document = { svidmint_compiled: STORED_FORMAT, sha256, config: forged };
    expect(await refusal(open(document, origin))).toEqual([
      expect.stringMatching(/^peers\.peer\.example\.bundle: is no SPIFFE bundle/),
    ]);
  });
});
