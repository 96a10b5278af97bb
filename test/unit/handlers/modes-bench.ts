import { portableOpeners } from "../../../src/attestors/openers.ts";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { createApp } from "../../../src/handlers/app.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import { openStored, type StoredDocument } from "../../../src/issuer/stored-config.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import { wrapKey, wrappingContext } from "../../../src/signer/envelope.ts";
import type { Modes } from "../../../src/signer/mode.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { FakeKms, KMS_VARIABLES } from "../../fakes/aws-kms.ts";
import { compiled, source, type Json, type Source } from "../issuer/stored-world.ts";
import { AUDIENCE, ENDPOINT, TRUST_DOMAIN } from "../issuer/names.ts";
import { workload, type Workload } from "../issuer/world.ts";

/**
 * An issuer of a compiled configuration whose root is in AWS KMS in mode delegated, its JWT key wrapped by KMS and its
 * WIT key signing there: what its KMS was asked, and what it wrote down, in one history.
 */
export class ModesBench {
  readonly kms: FakeKms;
  readonly alice: Workload;
  readonly stored: StoredDocument;
  readonly lines: string[] = [];
  now: number;
  readonly #origin: Source;

  private constructor(parts: Pick<ModesBench, "kms" | "alice" | "stored" | "now">, origin: Source) {
    this.kms = parts.kms;
    this.alice = parts.alice;
    this.stored = parts.stored;
    this.now = parts.now;
    this.#origin = origin;
  }

  static async create(): Promise<ModesBench> {
    const begin = Math.floor(Date.now() / 1000);
    const origin = await source(() => begin);
    const { platform } = origin;
    const kms = new FakeKms(platform);
    const [root, jwt, wit] = [
      await privateKey(origin, "ROOT_KEY"),
      await privateKey(origin, "JWT_KEY"),
      await privateKey(origin, "WIT_KEY"),
    ];
    const rest = (use: string): Json => {
      const [{ private_key: _left, ...entry } = {}] = origin.document.keys[use] as Json[];
      return { ...entry, backend: "aws_kms" };
    };
    const wrapping = await kms.addSymmetric("wrapping");
    const kid = await thumbprint(platform, jwt.publicKey.info);
    const context = { svidmint: wrappingContext({ trustDomain: TRUST_DOMAIN, use: "jwt", kid }) };
    const plain = platform.random(32);
    const wrapped = await kms.encrypt(wrapping, plain, context);
    const envelope = await wrapKey(
      jwt,
      { trustDomain: TRUST_DOMAIN, use: "jwt" },
      { plain, wrapped },
      platform,
    );
    const keys = {
      x509: [{ ...rest("x509"), key: kms.add("x509", root), mode: "delegated" }],
      jwt: [
        {
          ...rest("jwt"),
          key: wrapping,
          mode: "wrapped",
          wrapped_key: inPlace(envelope),
          public_key: publicPem(jwt),
        },
      ],
      wit: [{ ...rest("wit"), key: kms.add("wit", wit), public_key: publicPem(wit) }],
    };
    const stored = await compiled(origin, { keys });
    const alice = await workload({ platform, now: begin });
    return new ModesBench({ kms, alice, stored, now: begin }, origin);
  }

  /** As a deployment starts: an instance of its own. */
  async open(modes: Modes = allModes): Promise<Instance> {
    const { kms } = this;
    const issuer = await openStored(this.stored, {
      platform: webCryptoPlatform({ now: () => this.now, fetch: kms.fetch }),
      attestors: portableOpeners,
      stores: {},
      backends: { aws_kms: openAwsKms },
      modes,
      env: (name) => KMS_VARIABLES[name],
      read: this.#origin.read,
      audit: { write: (line) => void this.lines.push(line) },
      metrics: createMetrics(),
    });
    const app = createApp(issuer, { openapi: "{}" });
    return {
      issuer,
      get: async (url) => app.fetch(new Request(url)),
      post: async (request, { claims = {}, by = this.alice, accept = "application/json" } = {}) => {
        const token = await this.#token(claims);
        const body = JSON.stringify({ evidence: [{ type: "oidc", token }], ...request });
        const headers = { "content-type": "application/json", accept };
        const dpop = await by.dpop(body, { iat: this.now });
        return app.fetch(
          new Request(ENDPOINT, { method: "POST", body, headers: { ...headers, dpop } }),
        );
      },
    };
  }

  reset(): void {
    this.lines.length = 0;
    this.kms.asked.length = 0;
    this.kms.signed.length = 0;
    this.kms.fault = () => undefined;
  }

  events(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  both(): object {
    return { x509: { csr: this.alice.csr }, jwt: { audience: [AUDIENCE] } };
  }

  /** The names of the keys that KMS was asked for, in order. */
  askedKeys(): string[] {
    return this.kms.asked.map(({ KeyId }) => String(KeyId).split("/")[1] ?? "");
  }

  #token(claims: object): Promise<string> {
    return this.#origin.ci.sign({
      iss: "https://ci.example",
      sub: "build",
      aud: this.alice.bound,
      job: "deploy",
      iat: this.now - 10,
      exp: this.now + 600,
      ...claims,
    });
  }
}

interface Instance {
  readonly issuer: Issuer;
  get(url: string): Promise<Response>;
  post(
    request: object,
    options?: { claims?: object; by?: Workload; accept?: string },
  ): Promise<Response>;
}

async function privateKey({ platform, secrets }: Source, name: string): Promise<PrivateKey> {
  const blocks = decodePem(secrets[name] ?? "", "PRIVATE KEY", { max: 1 });
  const key = blocks.ok && (await platform.importPrivateKey(blocks.value[0] ?? new Uint8Array()));
  if (!key || !key.ok) throw new Error("no key");
  return key.value;
}

function publicPem(key: PrivateKey): string {
  return inPlace(encodePem("PUBLIC KEY", key.publicKey.spki));
}

function inPlace(text: string): string {
  return `data:;base64,${encodeBase64(utf8Encode(text))}`;
}
