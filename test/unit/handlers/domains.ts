import { createDomains } from "../../../src/handlers/domains.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { isTrustDomain, type TrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { AUDIENCE, TRUST_DOMAIN } from "../issuer/names.ts";
import { compiled, open, source, type Source } from "../issuer/stored-world.ts";
import type { Workload } from "../issuer/world.ts";

/** One of several trust domains of a process, with what tests ask of it. */
export interface TestDomain {
  readonly url: string;
  readonly trustDomain: TrustDomain;
  readonly origin: Source;
  readonly issuer: Issuer;
  readonly lines: string[];
  /** Evidence for a workload's key, made for this trust domain. */
  evidence(workload: Workload): Promise<object>;
}

const now = (): number => Math.floor(Date.now() / 1000);

async function testDomain(url: string, trustDomain: TrustDomain): Promise<TestDomain> {
  const origin = await source(now, undefined, { trustDomain, issuer: url });
  const lines: string[] = [];
  const issuer = await open(await compiled(origin, { deny: [] }), origin, lines);
  const key = origin.ci;
  return {
    url,
    trustDomain,
    origin,
    issuer,
    lines,
    evidence: async ({ jkt }) => ({
      type: "oidc",
      token: await key.sign({
        iss: "https://ci.example",
        sub: "build",
        aud: `${url}/jkt/${jkt}`,
        job: "deploy",
        iat: now() - 10,
        exp: now() + 600,
      }),
    }),
  };
}

/** `prod.example` and `third.example`, each where its URL says. */
export async function twoDomains(
  urls: readonly [string, string] = ["https://id.prod.example", "https://id.third.example"],
): Promise<readonly [TestDomain, TestDomain]> {
  const third = "third.example";
  if (!isTrustDomain(third)) throw new Error("fixture");
  return Promise.all([testDomain(urls[0], TRUST_DOMAIN), testDomain(urls[1], third)]);
}

export function appOf(domains: readonly TestDomain[]): ReturnType<typeof createDomains> {
  return createDomains(
    domains.map(({ issuer }) => issuer),
    { openapi: "{}" },
  );
}

/** @param htu what the DPoP proof names */
export async function requestTo(
  url: string,
  evidence: object,
  workload: Workload,
  htu = `${url}/v1/svids`,
): Promise<Request> {
  const wanted = { x509: { csr: workload.csr }, jwt: { audience: [AUDIENCE] } };
  const body = JSON.stringify({ evidence: [evidence], ...wanted });
  const proof = await workload.dpop(body, { htu, iat: now() });
  const headers = { "content-type": "application/json", dpop: proof };
  return new Request(`${url}/v1/svids`, { method: "POST", body, headers });
}
