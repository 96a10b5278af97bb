import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import * as z from "zod/mini";

/**
 * A workload written on `node:crypto` alone, without a line of svidmint: what it sends is what
 * an independent client would send, so a mistake shared by our encoder and decoder shows here.
 */
export interface WorkloadKey {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
  readonly jwk: Readonly<Record<string, string>>;
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
}

export type WorkloadKeyKind = "P-256" | "P-384" | "RSA-2048" | "RSA-3072";

export function makeKey(kind: WorkloadKeyKind = "P-256"): WorkloadKey {
  const { privateKey } = kind.startsWith("RSA-")
    ? generateKeyPairSync("rsa", { modulusLength: Number(kind.slice(4)) })
    : generateKeyPairSync("ec", { namedCurve: kind });
  const publicKey = createPublicKey(privateKey);
  const jwk = z.record(z.string(), z.string()).parse(publicKey.export({ format: "jwk" }));
  // RFC 7638: the required members alone, in lexicographic order, without white space.
  const required = Object.keys(jwk).toSorted();
  const canonical = JSON.stringify(Object.fromEntries(required.map((name) => [name, jwk[name]])));
  return {
    privateKey,
    spki: publicKey.export({ format: "der", type: "spki" }),
    jwk,
    thumbprint: createHash("sha256").update(canonical).digest("base64url"),
  };
}

/** The audience that binds evidence to a key (S in the documentation). */
export function keyAudience(base: string, key: WorkloadKey): string {
  return `${base}/jkt/${key.thumbprint}`;
}

/** PKCS#10 (RFC 2986) with an empty subject and no attributes, as PEM. */
export function makeCsr(key: WorkloadKey): string {
  const version = Buffer.from([0x02, 0x01, 0x00]);
  const emptySubject = Buffer.from([0x30, 0x00]);
  const noAttributes = Buffer.from([0xa0, 0x00]);
  const info = tlv(0x30, version, emptySubject, key.spki, noAttributes);
  const { oid, hash } = csrAlgorithm(key);
  const signature = sign(hash, info, key.privateKey);
  const der = tlv(0x30, info, Buffer.from(oid, "hex"), tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** A compact JWS; ES256/ES384 signatures are raw r‖s as RFC 7518 wants them. */
export function signJwt(header: object, claims: object, key: WorkloadKey): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  const { hash } = csrAlgorithm(key);
  const signature = sign(hash, Buffer.from(input), {
    key: key.privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${input}.${signature.toString("base64url")}`;
}

/** A DPoP proof (RFC 9449) over this very body. */
export function dpopProof(
  key: WorkloadKey,
  url: string,
  body: string | Uint8Array,
  changes: { header?: object; claims?: object } = {},
): string {
  const claims = {
    htm: "POST",
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    body_sha256: createHash("sha256").update(body).digest("base64url"),
    ...changes.claims,
  };
  return signJwt(
    { typ: "dpop+jwt", alg: jwsAlgorithm(key), jwk: key.jwk, ...changes.header },
    claims,
    key,
  );
}

function jwsAlgorithm(key: WorkloadKey): string {
  if (key.jwk["kty"] === "RSA") return "RS256";
  return key.jwk["crv"] === "P-384" ? "ES384" : "ES256";
}

/** AlgorithmIdentifier as DER in hex: sha256WithRSAEncryption or ecdsa-with-SHA256/384. */
function csrAlgorithm(key: WorkloadKey): { oid: string; hash: string } {
  switch (jwsAlgorithm(key)) {
    case "RS256":
      return { oid: "300d06092a864886f70d01010b0500", hash: "sha256" };
    case "ES384":
      return { oid: "300a06082a8648ce3d040303", hash: "sha384" };
    default:
      return { oid: "300a06082a8648ce3d040302", hash: "sha256" };
  }
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
