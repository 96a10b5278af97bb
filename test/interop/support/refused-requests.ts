import { AUDIENCE, type EvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import type { WireRequest } from "../../../scripts/interop/request.ts";
import {
  dpopProof,
  keyAudience,
  makeCsr,
  makeKey,
  signJwt,
} from "../../../scripts/interop/workload.ts";

type Make = (n: number) => WireRequest;
const JSON_TYPE = { "content-type": "application/json" };
/** Different ones of a family. */
const VARIANTS = 8;

/** One family for each way in which a request is refused before anything is signed. */
export function refusedRequests(
  issuer: string,
  evidence: EvidenceIssuer,
): Readonly<Record<string, Make>> {
  const [alice, mallory] = [makeKey(), makeKey()];
  const csr = makeCsr(alice);
  const url = `${issuer}/v1/svids`;
  const now = Math.floor(Date.now() / 1000);
  const token = (claims: object = {}, header: object = {}): string =>
    evidence.token(issuer, alice, { claims: { ...claims }, header: { ...header } });
  const good = token();
  const [head = "", payload = "", signature = ""] = good.split(".");

  const raw = (body: string, headers: Record<string, string> = JSON_TYPE): WireRequest => ({
    headers,
    body,
  });
  const json = (body: object, headers: Record<string, string> = {}): WireRequest =>
    raw(JSON.stringify(body), { ...JSON_TYPE, ...headers });
  const oidc = (text: string): object => ({ type: "oidc", entry: "ci", token: text });
  const withToken = (text: string): WireRequest => json({ evidence: [oidc(text)], x509: { csr } });
  /** A request for a JWT-SVID with its proof, either of which may be changed. */
  const proved = (
    jwt: object,
    proof: Parameters<typeof dpopProof>[3] = {},
    { by = alice, of }: { by?: typeof alice; of?: string } = {},
  ): WireRequest => {
    const body = JSON.stringify({ evidence: [oidc(good)], jwt });
    return raw(body, { ...JSON_TYPE, dpop: dpopProof(by, url, of ?? body, proof) });
  };
  const jwt = { audience: [AUDIENCE] };

  const families: Record<string, Make> = {
    "no body": () => raw(""),
    "no JSON": (n) => raw(`{"evidence":${n}`),
    "a list": () => raw("[]"),
    "another content type": () => raw("{}", { "content-type": "text/plain" }),
    "deep nesting": () => raw(`${"[".repeat(5000)}${"]".repeat(5000)}`),
    "an unknown member": (n) => json({ evidence: [oidc(good)], x509: { csr }, [`x${n}`]: 1 }),
    "a name twice": () => raw('{"evidence":[],"evidence":[]}'),
    "no evidence": () => json({ evidence: [], x509: { csr } }),
    "an unknown type": (n) => json({ evidence: [{ type: `t${n}`, token: good }], x509: { csr } }),
    "a type that is not configured": () =>
      json({ evidence: [{ type: "gcp_iit", token: good }], x509: { csr } }),
    "the same piece twice": () => json({ evidence: [oidc(good), oidc(good)], x509: { csr } }),
    "five pieces": () => json({ evidence: Array(5).fill(oidc(good)), x509: { csr } }),
    "nothing asked for": () => json({ evidence: [oidc(good)] }),
    "too much": () => raw(JSON.stringify({ evidence: "x".repeat(66_000) })),
    "a token too long": () => withToken(`${head}.${"A".repeat(17_000)}.${signature}`),
    "no token": (n) => withToken(`nothing ${n}`),
    "a million dots": () => withToken(".".repeat(10_000)),
    "no signature": () => withToken(`${head}.${payload}.`),
    "another signature": (n) => withToken(`${head}.${payload}.${flip(signature, n)}`),
    "the algorithm none": () => withToken(token({}, { alg: "none" })),
    "an algorithm of shared keys": () => withToken(token({}, { alg: "HS256" })),
    "an unknown key": (n) => withToken(token({}, { kid: `k${n}` })),
    "another issuer": (n) => withToken(token({ iss: `https://ci${n}.example` })),
    "another signer": () =>
      withToken(signJwt({ alg: "ES256", kid: "ci-1" }, { iss: "https://ci.example" }, mallory)),
    "a key that it brings along": () =>
      withToken(
        signJwt({ alg: "ES256", jwk: mallory.jwk }, { iss: "https://ci.example" }, mallory),
      ),
    "a token of yesterday": () => withToken(token({ iat: now - 90_000, exp: now - 86_400 })),
    "a token of tomorrow": () => withToken(token({ nbf: now + 86_400, exp: now + 90_000 })),
    "a token that lives too long": () => withToken(token({ exp: now + 400_000 })),
    "another audience": (n) => withToken(token({ aud: `https://other${n}.example` })),
    "two audiences": () => withToken(token({ aud: [keyAudience(issuer, alice), issuer] })),
    "somebody else's evidence": () =>
      json({ evidence: [oidc(good)], x509: { csr: makeCsr(mallory) } }),
    "a job that no rule has": (n) => withToken(token({ job: `unknown-${n}` })),
    "a job that is a path": () => withToken(token({ job: "../build" })),
    "no job": () => withToken(token({ job: undefined })),
    "an identity that is not its own": () =>
      json({ evidence: [oidc(good)], x509: { csr }, spiffe_id: "spiffe://interop.example/root" }),
    "a kind that the rule does not give": () =>
      json({ evidence: [oidc(good)], x509: { csr }, wit: {} }),
    "no CSR": () => json({ evidence: [oidc(good)], x509: { csr: "none" } }),
    "a CSR that somebody changed": (n) =>
      json({ evidence: [oidc(good)], x509: { csr: changedCsr(csr, n) } }),
    "no proof": () => json({ evidence: [oidc(good)], jwt }),
    "a proof that is none": (n) => json({ evidence: [oidc(good)], jwt }, { dpop: `proof-${n}` }),
    "a proof of another body": () => proved(jwt, {}, { of: "{}" }),
    "a proof for another address": () => proved(jwt, { claims: { htu: `${issuer}/v1/token` } }),
    "a proof of another method": () => proved(jwt, { claims: { htm: "GET" } }),
    "a proof of an hour ago": () => proved(jwt, { claims: { iat: now - 3600 } }),
    "a proof of another type": () => proved(jwt, { header: { typ: "JWT" } }),
    "somebody else's proof": () => proved(jwt, {}, { by: mallory }),
    "an audience that the rule does not give": (n) =>
      proved({ audience: [`https://${n}.example`] }),
    "the issuer as audience": () => proved({ audience: [issuer] }),
    "no audience": () => proved({ audience: [] }),
    "several audiences": () => proved({ audience: [AUDIENCE, "https://more.example"] }),
  };
  return Object.fromEntries(
    Object.entries(families).map(([name, make]) => [name, fewOf(make)] as const),
  );
}

/** Signing tens of thousands of tokens would be all that the machine did. */
function fewOf(make: Make): Make {
  const made = new Map<number, WireRequest>();
  return (n) => {
    const variant = n % VARIANTS;
    const request = made.get(variant) ?? make(variant);
    made.set(variant, request);
    return request;
  };
}

function flip(signature: string, n: number): string {
  const bytes = Buffer.from(signature, "base64url");
  bytes[n] = (bytes[n] ?? 0) ^ 1;
  return bytes.toString("base64url");
}

function changedCsr(pem: string, n: number): string {
  const lines = pem.split("\n");
  const der = Buffer.from(lines.slice(1, -2).join(""), "base64");
  const at = der.length - 1 - n;
  der[at] = (der[at] ?? 0) ^ 1;
  return [lines[0], der.toString("base64"), lines.at(-2), ""].join("\n");
}
