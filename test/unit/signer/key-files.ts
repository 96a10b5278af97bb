import { ConfigError, type ConfigIssue } from "../../../src/config-issue.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import type { KeyKind, PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { keysSchema } from "../../../src/signer/keys-schema.ts";
import { loadKeySet, type LoadKeysDeps } from "../../../src/signer/load-keys.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../../../src/svid/x509-svid.ts";
import { newKey } from "../../fakes/private-key.ts";

export const platform = webCryptoPlatform();
export const T = 1_800_000_000;
export const DAY = 86_400;
export const NOW = T + DAY;
export const at = (seconds: number) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
const domain = parseTrustDomain("prod.example.org");
if (!domain.ok) throw new Error("a trust domain");
const trustDomain = domain.value;

/** Files by their references. */
export const files: Record<string, string> = {};

async function pemOf(key: PrivateKey): Promise<string> {
  return encodePem("PRIVATE KEY", await platform.exportPrivateKey(key));
}

export async function certificate(
  key: PrivateKey,
  overrides: { notAfter?: number; signedBy?: PrivateKey; pathLength?: number } = {},
) {
  const chosen = signingAlgorithm("x509", key.publicKey.info);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const { scheme } = chosen.value;
  const tbs = buildCaTbs({
    trustDomain,
    spki: key.publicKey.spki,
    subjectKeyId: await subjectKeyIdOf(key.publicKey.spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: T,
    notAfter: overrides.notAfter ?? T + 3650 * DAY,
    pathLength: overrides.pathLength ?? 1,
    scheme,
  });
  const signature = await platform.sign(scheme, overrides.signedBy ?? key, tbs);
  return encodePem("CERTIFICATE", assembleCertificate(tbs, scheme, signature));
}

export async function addKey(name: string, kind: KeyKind = "P-256"): Promise<PrivateKey> {
  const key = await newKey(platform, kind);
  files[`file:${name}.key`] = await pemOf(key);
  files[`file:${name}.pem`] = await certificate(key);
  files[`file:${name}.pub`] = encodePem("PUBLIC KEY", key.publicKey.spki);
  return key;
}

export const root = {
  id: "root",
  backend: "local",
  private_key: "file:root.key",
  certificate: "file:root.pem",
  published_at: at(T),
};
export const spare = {
  ...root,
  id: "spare",
  private_key: "file:spare.key",
  certificate: "file:spare.pem",
  active_from: "standby",
};
export const jwt = {
  id: "jwt",
  backend: "local",
  private_key: "file:jwt.key",
  published_at: at(T),
};
export const jwtSpare = {
  ...jwt,
  id: "jwt-spare",
  private_key: "file:jwt-spare.key",
  active_from: "standby",
};

export const made = Promise.all(["root", "spare", "jwt", "jwt-spare"].map((name) => addKey(name)));

export async function load(config: unknown, overrides: Partial<LoadKeysDeps> = {}) {
  await made;
  const warnings: ConfigIssue[] = [];
  const keys = await loadKeySet(keysSchema.parse(config), {
    platform,
    trustDomain,
    now: NOW,
    refreshHint: 300,
    changedAt: 0,
    longestLife: { x509: 3600, jwt: 300, wit: 3600 },
    backends: { local: openLocal },
    env: () => undefined,
    report: (issue) => void warnings.push(issue),
    async read(reference) {
      const text = files[reference];
      if (text === undefined) {
        throw new ConfigError([{ path: [], message: "no such file", severity: "error" }]);
      }
      return utf8Encode(text);
    },
    ...overrides,
  });
  return { keys, warnings };
}

export async function refusal(
  config: unknown,
  overrides: Partial<LoadKeysDeps> = {},
): Promise<string[]> {
  const error: unknown = await load(config, overrides).catch((e: unknown) => e);
  if (!(error instanceof ConfigError)) throw new Error("was not refused");
  return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}
