import { encodePem } from "../../../src/encoding/pem.ts";
import type { Platform, PrivateKey } from "../../../src/platform/platform.ts";
import type { Backends } from "../../../src/signer/backend.ts";
import { localSigner, openLocal } from "../../../src/signer/local.ts";
import { formatInstant } from "../../../src/signer/instant.ts";
import type { TimelineEntry } from "../../../src/signer/timeline.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../../../src/svid/x509-svid.ts";
import { TRUST_DOMAIN } from "./names.ts";

const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;
const DECADE = 3650 * 86_400;

/** Keys by name: roots in a key service that counts what it signs, and token keys in variables. */
export class KeyRing {
  /** How often the service was asked to sign. */
  calls = 0;
  readonly #platform: Platform;
  readonly #keys = new Map<
    string,
    Promise<{ key: PrivateKey; certificate: string; pem: string }>
  >();
  readonly #pems = new Map<string, string>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** An entry of `keys:`. X.509 keys delegate. */
  async entry(use: "x509" | "jwt" | "wit", entry: TimelineEntry): Promise<Record<string, unknown>> {
    const { id, publishedAt, activeFrom, retiredAt, removedAt } = entry;
    const instant = (at: number | undefined) => (at === undefined ? undefined : formatInstant(at));
    const { certificate } = await this.#key(id);
    const shared = {
      id,
      published_at: instant(publishedAt),
      active_from: typeof activeFrom === "number" ? instant(activeFrom) : activeFrom,
      retired_at: instant(retiredAt),
      removed_at: instant(removedAt),
    };
    const own =
      use === "x509"
        ? { backend: "aws_kms", mode: "delegated", key: arnOf(id), certificate }
        : { backend: "local", private_key: `env:${id}` };
    return JSON.parse(JSON.stringify({ ...shared, ...own }));
  }

  readonly env = (name: string): unknown => this.#pems.get(name);

  readonly backends: Backends = {
    local: openLocal,
    aws_kms: async ({ key: arn }: { key: string }) => {
      const { key } = await this.#key(arn.slice(arn.lastIndexOf("/") + 1));
      return {
        signer: (id, chosen) => {
          const signer = localSigner(id, key, chosen, this.#platform);
          const sign = (data: Uint8Array) => {
            this.calls++;
            return signer.sign(data);
          };
          return { ...signer, sign };
        },
      };
    },
  };

  #key(id: string): Promise<{ key: PrivateKey; certificate: string; pem: string }> {
    const made = this.#keys.get(id) ?? this.#make(id);
    this.#keys.set(id, made);
    return made;
  }

  async #make(id: string) {
    const platform = this.#platform;
    const key = await platform.generateKey("P-256");
    const now = platform.now();
    const tbs = buildCaTbs({
      trustDomain: TRUST_DOMAIN,
      spki: key.publicKey.spki,
      subjectKeyId: await subjectKeyIdOf(key.publicKey.spki, platform),
      serial: serialNumber(platform.random(17)),
      notBefore: now - 86_400,
      notAfter: now + DECADE,
      pathLength: 1,
      scheme: ES256,
    });
    const der = assembleCertificate(tbs, ES256, await platform.sign(ES256, key, tbs));
    const pem = encodePem("PRIVATE KEY", await platform.exportPrivateKey(key));
    this.#pems.set(id, pem);
    return { key, pem, certificate: `data:;base64,${btoa(encodePem("CERTIFICATE", der))}` };
  }
}

/** A key's ARN has a UUID; names of the tests are shorter. */
function arnOf(id: string): string {
  return `arn:aws:kms:eu-central-1:111122223333:key/${id}`;
}
