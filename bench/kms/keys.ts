import { rootCertificate } from "../../test/interop/support/root-certificate.ts";
import { TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { base64 } from "../../test/fakes/keys.ts";
import { keyArn } from "../../test/fakes/aws-kms.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import { DATA_KEY_BYTES, wrapKey, wrappingContext } from "../../src/signer/envelope.ts";
import { localSigner } from "../../src/signer/local.ts";
import { startKms, type BenchKms } from "./fake.ts";

/** A KMS with the keys of a trust domain, and what `keys:` says of them in each mode. */
export interface KmsWorld extends AsyncDisposable {
  readonly kms: BenchKms;
  /** Each signature is a call. */
  readonly direct: Record<string, unknown>;
  /** `delegated` and `wrapped`: each key is a call. */
  readonly spared: Record<string, unknown>;
}

const platform = nodePlatform();
const entry = { backend: "aws_kms", published_at: "2026-01-01T00:00:00Z" };

export async function kmsWorld(): Promise<KmsWorld> {
  const [root, jwt] = [await platform.generateKey("P-256"), await platform.generateKey("P-256")];
  const kms = await startKms({ root, jwt }, platform);
  const certificate = inPlace(await certificateOf(root));
  const public_key = inPlace(encodePem("PUBLIC KEY", jwt.publicKey.spki));
  const x509 = { ...entry, id: "root", key: keyArn("root"), certificate };
  const { arn, file } = await wrapped(jwt, kms);
  const token = { ...entry, id: "jwt", public_key };
  return {
    kms,
    direct: {
      x509: [{ ...x509, mode: "direct" }],
      jwt: [{ ...token, key: keyArn("jwt"), mode: "direct" }],
    },
    spared: {
      x509: [{ ...x509, mode: "delegated" }],
      jwt: [{ ...token, key: arn, mode: "wrapped", wrapped_key: inPlace(file) }],
    },
    [Symbol.asyncDispose]: () => kms[Symbol.asyncDispose](),
  };
}

async function certificateOf(key: PrivateKey): Promise<string> {
  const chosen = signingAlgorithm("x509", key.publicKey.info);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  return rootCertificate(localSigner("root", key, chosen.value, platform));
}

async function wrapped(key: PrivateKey, kms: BenchKms): Promise<{ arn: string; file: string }> {
  const use = { trustDomain: TRUST_DOMAIN, use: "jwt" } as const;
  const plain = platform.random(DATA_KEY_BYTES);
  const kid = await thumbprint(platform, key.publicKey.info);
  const { arn, wrapped: dataKey } = await kms.encrypt(plain, wrappingContext({ ...use, kid }));
  return { arn, file: await wrapKey(key, use, { plain, wrapped: dataKey }, platform) };
}

function inPlace(text: string): string {
  return `data:;base64,${base64(new TextEncoder().encode(text))}`;
}
