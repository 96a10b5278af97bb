import * as z from "zod/mini";
import { AUDIENCE, type EvidenceIssuer, type TokenChanges } from "./configuration.ts";
import { dpopProof, makeCsr, type WorkloadKey } from "./workload.ts";

/** What goes over the wire to `POST /v1/svids`. */
export interface WireRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request for an X.509-SVID: the CSR proves the key. */
export function x509Request(
  issuer: string,
  evidence: EvidenceIssuer,
  key: WorkloadKey,
  changes: TokenChanges = {},
): WireRequest {
  const token = evidence.token(issuer, key, changes);
  const body = JSON.stringify({
    evidence: [{ type: "oidc", entry: "ci", token }],
    x509: { csr: makeCsr(key) },
  });
  return { headers: { "content-type": "application/json" }, body };
}

/** A request for a JWT-SVID: the DPoP proof proves the key and covers the body. */
export function jwtRequest(
  issuer: string,
  evidence: EvidenceIssuer,
  key: WorkloadKey,
  changes: TokenChanges = {},
  audience: string = AUDIENCE,
): WireRequest {
  const token = evidence.token(issuer, key, changes);
  const body = JSON.stringify({
    evidence: [{ type: "oidc", entry: "ci", token }],
    jwt: { audience: [audience] },
  });
  const dpop = dpopProof(key, `${issuer}/v1/svids`, body);
  return { headers: { "content-type": "application/json", dpop }, body };
}

const issuedSchema = z.object({
  spiffe_id: z.string(),
  x509: z.optional(z.object({ certificate_chain: z.string(), expires_at: z.int() })),
  jwt: z.optional(z.object({ token: z.string(), expires_at: z.int() })),
  bundle: z.unknown(),
});

export type Issued = z.infer<typeof issuedSchema>;

/** Sends a request that must succeed. */
export async function issue(url: string, request: WireRequest): Promise<Issued> {
  const response = await fetch(`${url}/v1/svids`, {
    method: "POST",
    headers: request.headers,
    body: request.body,
    signal: AbortSignal.timeout(30_000),
  });
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: ${answer}`);
  return issuedSchema.parse(JSON.parse(answer));
}
