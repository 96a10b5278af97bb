import { buildCsr } from "../../src/client/csr.ts";
import { signDpop } from "../../src/client/dpop.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { utf8Encode } from "../../src/encoding/bytes.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import { AZURE_AUDIENCE } from "./clouds.ts";

const platform = nodePlatform();

/** A program with a key of its own, which never leaves it. */
export interface Workload {
  readonly name: string;
  readonly key: PrivateKey;
  readonly keyPem: string;
  readonly csr: string;
  /** The audience that makes evidence good for this key alone. */
  readonly s: string;
}

export async function newWorkload(name: string, issuer: string): Promise<Workload> {
  const key = await platform.generateKey("P-256");
  const jkt = await thumbprint(platform, key.publicKey.info);
  return {
    name,
    key,
    keyPem: encodePem("PRIVATE KEY", await platform.exportPrivateKey(key)),
    csr: await buildCsr(platform, key),
    s: `${issuer}/jkt/${jkt}`,
  };
}

/** As on a real EC2 instance, but for the address: first a session token, then the document. */
export async function ec2Evidence(metadata: string) {
  const session = await text(`${metadata}/latest/api/token`, {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
  });
  const rsa2048 = await text(`${metadata}/latest/dynamic/instance-identity/rsa2048`, {
    headers: { "x-aws-ec2-metadata-token": session },
  });
  return { type: "aws_iid", rsa2048 };
}

export async function googleEvidence(metadata: string, audience: string) {
  const path = "/computeMetadata/v1/instance/service-accounts/default/identity";
  const query = new URLSearchParams({ audience, format: "full" });
  return {
    type: "gcp_iit",
    token: await text(`${metadata}${path}?${query}`, { headers: { "metadata-flavor": "Google" } }),
  };
}

export async function azureEvidence(metadata: string, resource = AZURE_AUDIENCE) {
  const query = new URLSearchParams({ "api-version": "2018-02-01", resource });
  const answer = await text(`${metadata}/metadata/identity/oauth2/token?${query}`, {
    headers: { metadata: "true" },
  });
  const { access_token: token }: { access_token: string } = JSON.parse(answer);
  return { type: "azure_msi", token };
}

async function text(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`);
  return response.text();
}

export interface Answer {
  readonly status: number;
  /** Of a 200. */
  readonly svids?: Svids;
  /** Of anything else. */
  readonly problem?: { readonly code: string; readonly request_id: string };
}

export interface Svids {
  readonly spiffe_id: string;
  readonly x509?: { readonly certificate_chain: string; readonly expires_at: number };
  readonly jwt?: { readonly token: string; readonly expires_at: number };
  readonly bundle: Bundle;
  readonly federated_bundles?: Readonly<Record<string, Bundle>>;
  readonly missing_bundles?: readonly string[];
}

/** As much of a bundle document as TLS asks. */
export interface Bundle {
  readonly keys: readonly { readonly use: string; readonly x5c?: readonly string[] }[];
}

/** One request to the issuer; with `prover` it carries a DPoP proof of that key for these very bytes. */
export async function requestSvids(
  issuer: string,
  body: object,
  prover?: PrivateKey,
): Promise<Answer> {
  const url = `${issuer}/v1/svids`;
  const json = JSON.stringify(body);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (prover !== undefined)
    headers["dpop"] = await signDpop(platform, prover, { url, body: utf8Encode(json) });
  const response = await fetch(url, { method: "POST", headers, body: json });
  if (response.status === 200) {
    const svids: Svids = await response.json();
    return { status: 200, svids };
  }
  const problem: NonNullable<Answer["problem"]> = await response.json();
  return { status: response.status, problem };
}
