import { AUDIENCE, type EvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import { jwtRequest, type WireRequest, x509Request } from "../../../scripts/interop/request.ts";
import {
  dpopProof,
  keyAudience,
  makeCsr,
  makeKey,
  type WorkloadKey,
} from "../../../scripts/interop/workload.ts";

/** One request that every runtime gets, byte for byte. */
export interface Exchange {
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Requests whose answers must not depend on the runtime: some are granted, most are refused. */
export function makeCorpus(issuer: string, evidence: EvidenceIssuer): Exchange[] {
  const key = makeKey();
  const other = makeKey();
  const x509 = (changes = {}, of: WorkloadKey = key) => x509Request(issuer, evidence, of, changes);
  const jwt = (changes = {}, of: WorkloadKey = key) => jwtRequest(issuer, evidence, of, changes);
  const token = (changes = {}) => ({
    type: "oidc",
    entry: "ci",
    token: evidence.token(issuer, key, changes),
  });
  const csr = { csr: makeCsr(key) };
  const now = Math.floor(Date.now() / 1000);
  const json = (body: unknown): WireRequest => raw(JSON.stringify(body));
  const proved = (body: unknown) => withProof(issuer, json(body), key);
  const claims = (changed: Record<string, unknown>) => x509({ claims: changed });

  const posts: Record<string, WireRequest> = {
    "X.509-SVID": x509(),
    "X.509-SVID for P-384": x509({}, makeKey("P-384")),
    "X.509-SVID for RSA-2048": x509({}, makeKey("RSA-2048")),
    "JWT-SVID with DPoP": jwt(),
    "bare chain": withHeader(x509(), "accept", "application/pem-certificate-chain"),
    "bare token": withHeader(jwt(), "accept", "application/jwt"),
    "shorter life": json({ evidence: [token()], x509: { ...csr, ttl_seconds: 600 } }),
    "the SPIFFE ID it gets": json({
      evidence: [token()],
      spiffe_id: "spiffe://interop.example/ci/build",
      x509: csr,
    }),

    "another SPIFFE ID": json({
      evidence: [token()],
      spiffe_id: "spiffe://interop.example/ci/other",
      x509: csr,
    }),
    "a job without a rule": x509({ job: "unknown" }),
    "nothing asked for": json({ evidence: [token()] }),
    "no evidence": json({ evidence: [], x509: csr }),
    "five pieces of evidence": json({
      evidence: Array.from({ length: 5 }, () => token()),
      x509: csr,
    }),
    "an unknown member": json({ evidence: [token()], x509: csr, debug: true }),
    "an unknown type": json({ evidence: [{ type: "trust_me", token: "x" }], x509: csr }),
    "not JSON": raw("{"),
    "JSON of another kind": raw("[]"),
    "duplicate member": raw('{"evidence":[],"evidence":[]}'),
    "empty body": raw(""),
    "64 KiB and one byte": raw(`{"evidence":"${"x".repeat(65_537 - 15)}"}`),
    "another content type": withHeader(x509(), "content-type", "text/plain"),
    "an encoded body": withHeader(x509(), "content-encoding", "gzip"),
    "no acceptable answer": withHeader(x509(), "accept", "text/html"),

    "forged evidence": forgeEvidence(x509()),
    "alg none": x509({ header: { alg: "none" } }),
    "alg HS256": x509({ header: { alg: "HS256" } }),
    "an unknown key id": x509({ header: { kid: "ci-2" } }),
    "a critical header": x509({ header: { crit: ["b64"], b64: true } }),
    "another issuer": claims({ iss: "https://evil.example" }),
    "expired evidence": claims({ iat: now - 900, nbf: now - 900, exp: now - 300 }),
    "evidence of tomorrow": claims({ iat: now + 86_400, nbf: now + 86_400, exp: now + 86_700 }),
    "exp as a string": claims({ exp: String(now + 600) }),
    "no exp": claims({ exp: undefined }),
    "a two-valued audience": claims({
      aud: [keyAudience(issuer, key), "https://elsewhere.example"],
    }),
    "another service's audience": claims({ aud: "https://elsewhere.example" }),
    "evidence for another key": claims({ aud: keyAudience(issuer, other) }),
    "evidence for no key": claims({ aud: issuer }),

    "a CSR of another key": json({ evidence: [token()], x509: { csr: makeCsr(other) } }),
    "a forged CSR": json({ evidence: [token()], x509: { csr: forgeCsr(csr.csr) } }),
    "not a CSR": json({
      evidence: [token()],
      x509: {
        csr: "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
      },
    }),
    "JWT-SVID without DPoP": withoutHeader(jwt(), "dpop"),
    "JWT-SVID with a proof of another body": withHeader(
      jwt(),
      "dpop",
      dpopProof(key, `${issuer}/v1/svids`, "{}"),
    ),
    "JWT-SVID with a proof of another key": withProof(issuer, jwt(), other),
    "JWT-SVID with a proof for another URL": withProof("https://elsewhere.example", jwt(), key),
    "JWT-SVID for an audience of no rule": proved({
      evidence: [token()],
      jwt: { audience: ["https://elsewhere.example"] },
    }),
    "JWT-SVID for two audiences": proved({
      evidence: [token()],
      jwt: { audience: [AUDIENCE, "https://b.example"] },
    }),
    "JWT-SVID for our own URL": proved({ evidence: [token()], jwt: { audience: [issuer] } }),
  };

  return [
    ...Object.entries(posts).map(([name, request]) => ({
      name,
      method: "POST" as const,
      path: "/v1/svids",
      ...request,
    })),
    ...[
      "/bundle",
      "/.well-known/openid-configuration",
      "/.well-known/jwks.json",
      "/healthz",
      "/readyz",
      "/openapi.json",
      "/metrics",
      "/v1/svids",
      "/nowhere",
    ].map((path) => ({ name: `GET ${path}`, method: "GET" as const, path, headers: {} })),
    { name: "PUT /v1/svids", method: "PUT", path: "/v1/svids", headers: {}, body: "{}" },
  ];
}

function raw(body: string): WireRequest {
  return { headers: { "content-type": "application/json" }, body };
}

function withHeader(request: WireRequest, name: string, value: string): WireRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function withoutHeader(request: WireRequest, name: string): WireRequest {
  return {
    ...request,
    headers: Object.fromEntries(Object.entries(request.headers).filter(([key]) => key !== name)),
  };
}

function withProof(issuer: string, request: WireRequest, key: WorkloadKey): WireRequest {
  return withHeader(request, "dpop", dpopProof(key, `${issuer}/v1/svids`, request.body));
}

/** Turns a bit in the middle of the evidence's signature, so that its encoding stays canonical. */
function forgeEvidence(request: WireRequest): WireRequest {
  const at = request.body.indexOf('"}]') - 40;
  const turned = request.body[at] === "A" ? "B" : "A";
  return { ...request, body: request.body.slice(0, at) + turned + request.body.slice(at + 1) };
}

function forgeCsr(pem: string): string {
  const [, base64 = ""] = /-----\n([\s\S]+)\n-----/u.exec(pem) ?? [];
  const der = Buffer.from(base64.replaceAll("\n", ""), "base64");
  const last = der.length - 1;
  der[last] = (der[last] ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64").replaceAll(/(.{64})(?=.)/gu, "$1\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}
