import { keyAudience, makeKey, signJwt, type WorkloadKey } from "./workload.ts";

/** The trust domain that the interop tests and the benchmark run. */
export const TRUST_DOMAIN = "interop.example";
export const AUDIENCE = "https://orders.example.org";

const EVIDENCE_ISSUER = "https://ci.example";
const EVIDENCE_KEY_ID = "ci-1";

/** An identity provider whose RS256 tokens the configuration believes. */
export interface EvidenceIssuer {
  readonly jwks: { readonly keys: readonly object[] };
  /** A token bound to the key, for one job. `changes` overwrite or, as undefined, remove. */
  token(base: string, key: WorkloadKey, changes?: TokenChanges): string;
}

export interface TokenChanges {
  readonly job?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

export function makeEvidenceIssuer(): EvidenceIssuer {
  const signer = makeKey("RSA-2048");
  return {
    jwks: { keys: [{ ...signer.jwk, kid: EVIDENCE_KEY_ID, use: "sig", alg: "RS256" }] },
    token(base, key, changes = {}) {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: EVIDENCE_ISSUER,
        sub: `job:${changes.job ?? "build"}`,
        aud: keyAudience(base, key),
        iat: now,
        nbf: now,
        exp: now + 600,
        job: changes.job ?? "build",
        // Real CI tokens carry a page of claims that no rule reads.
        repository: "payments/ledger",
        ref: "refs/heads/main",
        run_id: "7421886190",
        run_attempt: "1",
        environment: "production",
        runner: "hosted",
        workflow: "release",
        sha: "0d1f2e3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
        ...changes.claims,
      };
      return signJwt(
        { alg: "RS256", typ: "JWT", kid: EVIDENCE_KEY_ID, ...changes.header },
        claims,
        signer,
      );
    },
  };
}

export interface ConfigurationOptions {
  /** Base URL, also of the evidence's audience. */
  readonly issuer: string;
  /** Rules in all; the one for the job `build` is the last. */
  readonly rules?: number;
  /** Its `keys:`; without it a server on loopback makes its own. */
  readonly keys?: Record<string, unknown>;
  /** Its `audit:`; without it the events go to standard output. */
  readonly audit?: Record<string, unknown>;
  readonly evidence: EvidenceIssuer;
  /** Of JWT-SVIDs; `AUDIENCE` if absent. */
  readonly audiences?: readonly string[];
  readonly peers?: Record<string, unknown>;
  /** What the rules differ in. */
  readonly differIn?: "claim" | "pin";
}

/** The configuration as a plain object: JSON, hence YAML too. */
export function makeConfiguration(options: ConfigurationOptions): Record<string, unknown> {
  const count = options.rules ?? 1;
  const jobs = Array.from({ length: count }, (_, n) => (n === count - 1 ? "build" : `job-${n}`));
  const byPin = options.differIn === "pin";
  return {
    trust_domain: TRUST_DOMAIN,
    issuer: options.issuer,
    ...(options.keys === undefined ? {} : { keys: options.keys }),
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    ...(options.peers === undefined ? {} : { peers: options.peers }),
    evidence: {
      oidc: {
        ci: {
          issuer: EVIDENCE_ISSUER,
          jwks: `data:application/json;base64,${btoa(JSON.stringify(options.evidence.jwks))}`,
          pin: byPin ? { claim: "job", values: jobs } : "issuer",
        },
      },
    },
    rules: jobs.map((job) => ({
      name: `rule-${job}`,
      evidence: { "oidc.ci": { job } },
      spiffe_id: "/ci/{oidc.ci.job}",
      x509: { ttl: "1h" },
      jwt: { ttl: "5m", audiences: options.audiences ?? [AUDIENCE] },
    })),
  };
}
