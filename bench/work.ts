import type { EvidenceIssuer, TokenChanges } from "../scripts/interop/configuration.ts";
import { jwtRequest, type WireRequest, x509Request } from "../scripts/interop/request.ts";
import { makeKey, type WorkloadKey } from "../scripts/interop/workload.ts";

/** Keys, tokens and CSRs in turn: enough that no cache of a handful of them could flatter a figure. */
const DISTINCT = 1_024;

export type Work = "x509" | "jwt" | "forged" | "no-rule" | "malformed";

/** What each kind of work must be answered with; anything else ends the run. */
export const EXPECTED_STATUS: Readonly<Record<Work, number>> = {
  x509: 200,
  jwt: 200,
  forged: 403,
  "no-rule": 403,
  malformed: 400,
};

/** Raw HTTP/1.1 requests. A DPoP proof is good for 60 s: they are made right before their run. */
export function prepare(work: Work, issuer: string, evidence: EvidenceIssuer): string[] {
  return clientKeys().map((key) => toHttp(issuer, request(work, issuer, evidence, key)));
}

let keys: readonly WorkloadKey[] | undefined;
function clientKeys(): readonly WorkloadKey[] {
  keys ??= Array.from({ length: DISTINCT }, () => makeKey());
  return keys;
}

function request(
  work: Work,
  issuer: string,
  evidence: EvidenceIssuer,
  key: WorkloadKey,
): WireRequest {
  if (work === "jwt") return jwtRequest(issuer, evidence, key);
  const changes: TokenChanges = work === "no-rule" ? { job: "unknown" } : {};
  const good = x509Request(issuer, evidence, key, changes);
  if (work === "malformed") return { ...good, body: good.body.slice(0, -1) };
  return work === "forged" ? { ...good, body: forge(good.body) } : good;
}

/** Turns one character in the middle of the evidence's signature: found out only by verifying it. */
function forge(body: string): string {
  const at = body.indexOf('"}],') - 100;
  return body.slice(0, at) + (body[at] === "A" ? "B" : "A") + body.slice(at + 1);
}

function toHttp(issuer: string, { headers, body }: WireRequest): string {
  const lines = Object.entries({
    host: new URL(issuer).host,
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /v1/svids HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}
