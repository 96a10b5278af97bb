import { expect, it } from "vitest";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { createApp } from "../../../src/handlers/app.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { loadIssuer } from "../../../src/issuer/load.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { readReference } from "../../../src/runtimes/references.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { ENDPOINT, NOW } from "./names.ts";
import { compiled, open, source, type Source } from "./stored-world.ts";
import { workload } from "./world.ts";

const ISS = "https://far.example";
/** Three customers of one issuer. */
const parts = {
  evidence: {
    oidc: {
      a: { issuer: ISS, pin: "issuer" },
      b: { issuer: ISS, pin: "org" },
      c: { issuer: ISS, pin: "team" },
    },
  },
  rules: ["a", "b", "c"].map((name) => ({
    name,
    evidence: { [`oidc.${name}`]: { org: "o", team: "t" } },
    spiffe_id: `/${name}`,
    x509: {},
  })),
  deny: [],
};

async function loaded({ document, secrets }: Source, platform: Source["platform"]) {
  return loadIssuer(
    { ...document, ...parts },
    {
      platform,
      registry: portableAttestors,
      stores: {},
      backends: { local: openLocal },
      env: () => undefined,
      read: (reference) => readReference(reference, (name) => secrets[name]),
      audit: { write: () => undefined },
    },
  );
}

it.each<[string, (origin: Source, platform: Source["platform"]) => Promise<Issuer>]>([
  ["a configuration", loaded],
  [
    "a compiled one",
    async (origin, platform) => open(await compiled(origin, parts), { ...origin, platform }),
  ],
])("the entries of one issuer in %s ask it once in 30 s together", async (_, way) => {
  const origin = await source(() => NOW);
  const network = new FakeNetwork();
  const issuer = await way(origin, { ...origin.platform, fetch: network.fetch });
  const app = createApp(issuer, { openapi: "{}" });
  const { bound: aud, csr } = await workload({ platform: origin.platform, now: NOW });
  const claims = { iss: ISS, sub: "s", aud, org: "o", team: "t", iat: NOW - 10, exp: NOW + 600 };
  const answers = ["a", "b", "c"].map(async (entry) => {
    const evidence = [{ type: "oidc", token: await origin.ci.sign(claims), entry }];
    const body = JSON.stringify({ evidence, x509: { csr } });
    const headers = { "content-type": "application/json" };
    return (await app.fetch(new Request(ENDPOINT, { method: "POST", headers, body }))).status;
  });
  expect(await Promise.all(answers)).toEqual([503, 503, 503]);
  expect(network.calls).toEqual([`${ISS}/.well-known/openid-configuration`]);
});
