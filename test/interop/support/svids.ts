import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";
import { type Issued, issue, jwtRequest, x509Request } from "../../../scripts/interop/request.ts";
import type { EvidenceIssuer } from "../../../scripts/interop/configuration.ts";
import type { Svidmint } from "../../../scripts/interop/svidmint.ts";
import {
  makeKey,
  type WorkloadKey,
  type WorkloadKeyKind,
} from "../../../scripts/interop/workload.ts";

/** Loose: what else a bundle holds is passed on as it stands. */
const bundleSchema = z.looseObject({
  keys: z.array(
    z.looseObject({
      use: z.optional(z.string()),
      kid: z.optional(z.string()),
      x5c: z.optional(z.array(z.string())),
    }),
  ),
});

export type BundleDocument = z.infer<typeof bundleSchema>;

/** An X.509-SVID with the key it was issued for. */
export interface X509Issue {
  readonly key: WorkloadKey;
  readonly chain: string;
  readonly certificates: readonly X509Certificate[];
  readonly answer: Issued;
}

export async function issueX509(
  url: string,
  evidence: EvidenceIssuer,
  kind: WorkloadKeyKind = "P-256",
): Promise<X509Issue> {
  const key = makeKey(kind);
  const answer = await issue(url, x509Request(url, evidence, key));
  const chain = answer.x509?.certificate_chain ?? "";
  return {
    key,
    chain,
    certificates: splitPem(chain).map((pem) => new X509Certificate(pem)),
    answer,
  };
}

/** @param url where the issuer listens @param at its issuer URL where that is another, and the token's audience */
export async function issueJwt(
  url: string,
  evidence: EvidenceIssuer,
  at: { readonly issuer?: string; readonly audience?: string } = {},
): Promise<string> {
  const request = jwtRequest(at.issuer ?? url, evidence, makeKey(), {}, at.audience);
  const answer = await issue(url, request);
  if (answer.jwt === undefined) throw new Error("no JWT-SVID in the answer");
  return answer.jwt.token;
}

/** Whether a token with a SHA-256 algorithm verifies under the key of the bundle that it names. */
export function jwtVerifies(token: string, bundle: BundleDocument): boolean {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
  const jwk = bundle.keys.find((key) => key.kid === kid);
  const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
  const options = { key, dsaEncoding: "ieee-p1363" } as const;
  const input = Buffer.from(`${head}.${payload}`);
  return verify("sha256", input, options, Buffer.from(signature, "base64url"));
}

export function splitPem(text: string): string[] {
  return text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/gu) ?? [];
}

export function pkcs8Pem(key: WorkloadKey): string {
  return key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/** The same PEM chain with one bit of the leaf's signature turned. */
export function forgeLeaf(certificates: readonly X509Certificate[]): string {
  const [leaf, ...rest] = certificates;
  if (leaf === undefined) throw new Error("an empty chain");
  const der = Buffer.from(leaf.raw);
  const last = der.length - 1;
  der[last] = (der[last] ?? 0) ^ 1;
  return pemOf(der) + rest.map((certificate) => certificate.toString()).join("");
}

/** The same token with one bit of its signature turned. */
export function forgeToken(token: string): string {
  const dot = token.lastIndexOf(".");
  const signature = Buffer.from(token.slice(dot + 1), "base64url");
  signature[0] = (signature[0] ?? 0) ^ 1;
  return `${token.slice(0, dot)}.${signature.toString("base64url")}`;
}

const ENDS = /"event":"(?:outcome|refused)"/u;

/** The issuer's log, once it tells what became of a request: it may be written after the answer has come. */
export async function logOf({ server }: Pick<Svidmint, "server">): Promise<string> {
  for (let i = 0; i < 1000 && !ENDS.test(server.output()); i++) await sleep(20); // oxlint-disable-line no-await-in-loop
  return server.output();
}

/** The X.509 authorities of a bundle document, as PEM. */
export function bundleRoots(bundle: BundleDocument): string {
  return bundle.keys
    .flatMap((key) => (key.use === "x509-svid" ? (key.x5c ?? []) : []))
    .map((der) => pemOf(Buffer.from(der, "base64")))
    .join("");
}

export async function fetchBundle(url: string): Promise<BundleDocument> {
  const response = await fetch(`${url}/bundle`, { signal: AbortSignal.timeout(30_000) });
  return bundleSchema.parse(await response.json());
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
