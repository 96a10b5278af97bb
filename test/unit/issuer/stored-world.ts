import { webFederation } from "../../../src/federation/web-federation.ts";
import { portableOpeners } from "../../../src/attestors/openers.ts";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { ConfigError, type ReadResource } from "../../../src/config-issue.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { storeConfig } from "../../../src/issuer/store-config.ts";
import { openStored, type StoredDocument } from "../../../src/issuer/stored-config.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import type { StoreOpeners } from "../../../src/issuer/open-store.ts";
import type { Platform, PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { formatInstant } from "../../../src/signer/instant.ts";
import { readReference } from "../../../src/runtimes/references.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../../../src/svid/x509-svid.ts";
import { keySet, tokenKey, type TokenKey } from "../../fakes/token-issuer.ts";
import type { TrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { AUDIENCE, ISSUER, OTHER_TRUST_DOMAIN, TRUST_DOMAIN } from "./names.ts";

const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY = 86_400;

export type Json = Record<string, unknown>;

/** A configuration with every evidence type and both kinds of key, as its author has it, and the secrets beside it. */
export interface Source {
  readonly platform: Platform;
  readonly document: Json & { readonly evidence: Json; readonly keys: Json };
  /** ROOT_KEY, JWT_KEY and WIT_KEY. */
  readonly secrets: Readonly<Record<string, string>>;
  /** PEM of another key than any of these. */
  readonly strangeKey: string;
  /** Its public half. */
  readonly strangePublicKey: string;
  readonly ci: TokenKey;
  readonly read: ReadResource;
}

/** One of its keys, to be put elsewhere. */
export async function secretKey({ platform, secrets }: Source, name: string): Promise<PrivateKey> {
  const blocks = decodePem(secrets[name] ?? "", "PRIVATE KEY", { max: 1 });
  const key = blocks.ok && (await platform.importPrivateKey(blocks.value[0] ?? new Uint8Array()));
  if (!key || !key.ok) throw new Error("no key");
  return key.value;
}

/** @param life seconds that the root's certificate lasts from now on. @param names of another trust domain than ours */
export async function source(
  now: () => number,
  life = 3650 * DAY,
  names: { readonly trustDomain: TrustDomain; readonly issuer: string } = {
    trustDomain: TRUST_DOMAIN,
    issuer: ISSUER,
  },
): Promise<Source> {
  const platform = webCryptoPlatform({ now });
  const [rootKey, jwtKey, witKey, strange, ci] = await Promise.all([
    platform.generateKey("P-256"),
    platform.generateKey("P-256"),
    platform.generateKey("P-256"),
    platform.generateKey("P-256"),
    tokenKey("ES256", "ci-1"),
  ]);
  const caPem = async (trustDomain: TrustDomain, caKey: PrivateKey): Promise<string> => {
    const tbs = buildCaTbs({
      trustDomain,
      spki: caKey.publicKey.spki,
      subjectKeyId: await subjectKeyIdOf(caKey.publicKey.spki, platform),
      serial: serialNumber(platform.random(17)),
      notBefore: now() - DAY,
      notAfter: now() + life,
      pathLength: 1,
      scheme: ES256,
    });
    const signature = await platform.sign(ES256, caKey, tbs);
    return encodePem("CERTIFICATE", assembleCertificate(tbs, ES256, signature));
  };
  const certificate = await caPem(names.trustDomain, rootKey);
  const otherCa = `data:;base64,${btoa(await caPem(OTHER_TRUST_DOMAIN, strange))}`;
  const pemOf = async (key: typeof rootKey): Promise<string> =>
    encodePem("PRIVATE KEY", await platform.exportPrivateKey(key));
  const secrets = {
    ROOT_KEY: await pemOf(rootKey),
    JWT_KEY: await pemOf(jwtKey),
    WIT_KEY: await pemOf(witKey),
  };
  const key = { backend: "local", published_at: formatInstant(now() - DAY) };
  const jwks = `data:;base64,${btoa(JSON.stringify(keySet(ci)))}`;
  return {
    platform,
    secrets,
    strangeKey: await pemOf(strange),
    strangePublicKey: encodePem("PUBLIC KEY", strange.publicKey.spki),
    ci,
    read: (reference) => readReference(reference, () => undefined),
    document: {
      trust_domain: names.trustDomain,
      issuer: names.issuer,
      evidence: {
        aws_iid: { accounts: ["111122223333"] },
        aws_sts: { accounts: ["111122223333"] },
        aws_web_identity: {
          accounts: { "111122223333": "https://sts.example" },
          jwks: { "111122223333": jwks },
        },
        aws_nitro: { nitrotpm: true },
        azure_imds: {
          subscriptions: {
            "6f0c0000-0000-4000-8000-00000000abce": "6f0c0000-0000-4000-8000-00000000abcd",
          },
        },
        azure_maa: {
          providers: ["https://sharedweu.weu.attest.azure.net"],
          jwks: { "https://sharedweu.weu.attest.azure.net": jwks },
        },
        azure_msi: { tenants: ["6f0c0000-0000-4000-8000-00000000abcd"], audience: "api://x", jwks },
        gcp_confidential_space: { projects: ["payments-prod"], jwks },
        gcp_iit: { projects: ["payments-prod"], jwks, max_lifetime: "10m" },
        oci_instance: {
          tenancies: ["ocid1.tenancy.oc1..aaaaaaaatenancy"],
          regions: { "us-phoenix-1": otherCa },
        },
        x509_pop: { fleet: { ca: otherCa } },
        oidc: { ci: { issuer: "https://ci.example", jwks, pin: "issuer", max_lifetime: "20m" } },
        spiffe: { trust_domains: [names.trustDomain] },
      },
      keys: {
        x509: [
          {
            ...key,
            id: "root",
            private_key: "env:ROOT_KEY",
            certificate: `data:;base64,${btoa(certificate)}`,
          },
        ],
        jwt: [{ ...key, id: "jwt", private_key: "env:JWT_KEY" }],
        wit: [{ ...key, id: "wit", private_key: "env:WIT_KEY" }],
      },
      rules: [
        {
          name: "tried",
          mode: "audit",
          evidence: { "oidc.ci": { job: "dep*" } },
          spiffe_id: "/tried",
          x509: {},
        },
        {
          name: "fixed",
          evidence: { "oidc.ci": { job: "one", ref: ["main", "release-*"] } },
          spiffe_id: "/ci/fixed",
          shared_id: true,
          x509: { ttl: "10m" },
        },
        {
          name: "ci",
          evidence: { "oidc.ci": { job: ["deploy", "denied"] } },
          spiffe_id: "/ci/{oidc.ci.job}",
          x509: { ttl: "1h" },
          jwt: { ttl: "5m", audiences: [AUDIENCE] },
          wit: { ttl: "1h" },
        },
      ],
      deny: [
        { evidence: "oidc.ci", job: "denied", note: "known bad" },
        { spiffe_id: "spiffe://prod.example/vm/*" },
      ],
    },
  };
}

/** Through JSON text, as a file or a variable holds it. */
export async function compiled(
  { document, platform, read }: Source,
  parts: Json = {},
): Promise<StoredDocument> {
  const stored = await storeConfig(
    { ...document, ...parts },
    { platform, read, registry: portableAttestors },
  );
  return JSON.parse(JSON.stringify(stored));
}

export function open(
  stored: unknown,
  { platform, secrets }: Pick<Source, "platform" | "secrets">,
  lines: string[] = [],
  stores: StoreOpeners = {},
): Promise<Issuer> {
  return openStored(stored, {
    openPeers: webFederation,
    platform,
    attestors: portableOpeners,
    stores,
    backends: { local: openLocal },
    env: (name) => secrets[name],
    read: (reference) => readReference(reference, (name) => secrets[name]),
    audit: { write: (line) => void lines.push(line) },
  });
}

/** What is wrong, one text an issue; fails where nothing is. */
export async function refusal(attempt: Promise<unknown>): Promise<string[]> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error("was not refused");
  return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}
