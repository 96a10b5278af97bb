import {
  AUDIENCE,
  type EvidenceIssuer,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
} from "../../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../../scripts/interop/svidmint.ts";
import {
  makeKey,
  signJwt,
  type WorkloadKey,
  type WorkloadKeyKind,
} from "../../../scripts/interop/workload.ts";
import { forgeToken, issueJwt, pkcs8Pem } from "./svids.ts";
import type { TlsFront } from "./tls-front.ts";

/** Of what the issuer issues here. */
export const SUBJECT = `spiffe://${TRUST_DOMAIN}/ci/build`;

/**
 * An issuer of JWT-SVIDs whose keys are the test's, so that it can sign what the issuer never would: where a relying
 * party takes `signed()`, it refuses a changed one for its change alone.
 */
export interface JwtIssuer extends AsyncDisposable {
  readonly svidmint: Svidmint;
  /** `iss`. */
  readonly issuer: string;
  /** By the issuer itself, of evidence. */
  issued(audience: string): Promise<string>;
  /** By the test, with the issuer's active key. Members that are undefined are left out. */
  signed(audience: string, changes?: Changes): string;
  readonly keys: { readonly active: WorkloadKey; readonly removed: WorkloadKey };
}

interface Changes {
  readonly claims?: object;
  readonly header?: object;
  readonly key?: WorkloadKey;
}

export interface JwtIssuerOptions {
  readonly audiences: readonly string[];
  readonly trustDomain?: string;
  readonly kind?: WorkloadKeyKind;
  /** Where its documents are fetched by TLS. */
  readonly front?: TlsFront;
}

const instant = (day: number): string => `2026-01-0${day}T00:00:00Z`;

/** Its timeline has a key that was removed, and one that signs. */
export async function startJwtIssuer(options: JwtIssuerOptions): Promise<JwtIssuer> {
  const { audiences, kind = "P-256", front } = options;
  const evidence: EvidenceIssuer = makeEvidenceIssuer();
  const keys = { removed: makeKey(kind), active: makeKey(kind) };
  const removed = { id: "removed", private_key: "env:REMOVED_KEY", published_at: instant(1) };
  const active = { id: "active", private_key: "env:ACTIVE_KEY", published_at: instant(1) };
  const svidmint = await startSvidmint({
    evidence,
    env: { REMOVED_KEY: pkcs8Pem(keys.removed), ACTIVE_KEY: pkcs8Pem(keys.active) },
    keys: {
      jwt: [
        { ...removed, backend: "local", retired_at: instant(2), removed_at: instant(3) },
        { ...active, backend: "local", active_from: instant(2) },
      ],
    },
    ...(front && { issuer: front.url, port: front.port }),
    edit: (configuration) => ({
      ...configuration,
      trust_domain: options.trustDomain ?? TRUST_DOMAIN,
      rules: [
        {
          name: "build",
          evidence: { "oidc.ci": { job: "build" } },
          spiffe_id: "/ci/{oidc.ci.job}",
          jwt: { ttl: "5m", audiences: [...audiences, AUDIENCE] },
        },
      ],
    }),
  });
  const issuer = front?.url ?? svidmint.url;
  return {
    svidmint,
    issuer,
    keys,
    issued: (audience) => issueJwt(svidmint.url, evidence, { issuer, audience }),
    signed(audience, { claims, header, key = keys.active } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const alg = kind.startsWith("RSA") ? "RS256" : kind === "P-384" ? "ES384" : "ES256";
      return signJwt(
        { alg, typ: "JWT", kid: key.thumbprint, ...header },
        { iss: issuer, sub: SUBJECT, aud: audience, iat: now, exp: now + 300, ...claims },
        key,
      );
    },
    [Symbol.asyncDispose]: svidmint.server.stop,
  };
}

type Hostile = readonly [string, (issuer: JwtIssuer, audience: string) => string | Promise<string>];

/** What every relying party must refuse. */
export const HOSTILE: readonly Hostile[] = [
  ["another audience", (issuer) => issuer.issued(AUDIENCE)],
  ["no audience", (issuer, aud) => issuer.signed(aud, { claims: { aud: undefined } })],
  ["a forged signature", async (issuer, aud) => forgeToken(await issuer.issued(aud))],
  ["a key that was removed", (issuer, aud) => issuer.signed(aud, { key: issuer.keys.removed })],
  [
    "a removed key under the name of the active one",
    ({ signed, keys: { removed: key, active } }, aud) =>
      signed(aud, { key, header: { kid: active.thumbprint } }),
  ],
  ["no signature", (issuer, aud) => issuer.signed(aud, { header: { alg: "none" } })],
  ["an end long past", (issuer, aud) => issuer.signed(aud, { claims: { iat: 1, exp: 301 } })],
  ["no end", (issuer, aud) => issuer.signed(aud, { claims: { iat: undefined, exp: undefined } })],
];

/** What those refuse that tell workloads apart by their SPIFFE ID. */
export const SUBJECTS: readonly Hostile[] = [
  `${SUBJECT}er`,
  SUBJECT.slice(0, -1),
  SUBJECT.toUpperCase(),
  "spiffe://other.example/ci/build",
  `spiffe://${TRUST_DOMAIN}.evil.example/ci/build`,
].map((sub) => [`the subject ${sub}`, (issuer, aud) => issuer.signed(aud, { claims: { sub } })]);
