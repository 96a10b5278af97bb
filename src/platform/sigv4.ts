import { toHex, utf8Encode } from "../encoding/bytes.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { hmacSha256 } from "./hmac.ts";

/**
 * AWS Signature Version 4, signed headers only: no presigned URLs, no streaming.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials: sent and signed as `x-amz-security-token`. */
  readonly sessionToken?: string;
}

export interface AwsRequest {
  readonly method: string;
  readonly host: string;
  /** As it is sent; "/" unless told. */
  readonly path?: string;
  /** Not yet encoded. */
  readonly query?: readonly Pair[];
  /** Signed all of them, beside `host` and the `x-amz-` ones that are added. */
  readonly headers?: readonly Pair[];
  readonly body?: string | Uint8Array;
}

export interface SigningScope {
  readonly region: string;
  /** `sts`, `dynamodb`, `kms` … */
  readonly service: string;
  /** Unix seconds. */
  readonly now: number;
  /** The path is signed as it stands, without removing dot segments and doubled slashes (S3). */
  readonly keepPath?: boolean;
}

/** Name and value. */
export type Pair = readonly [string, string];

export interface AwsSignature {
  /** 64 lower-case hex digits. */
  readonly signature: string;
  /** To be sent beside those of the request: `authorization`, `x-amz-date`, `x-amz-security-token`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What is signed, before any key. */
export interface SignatureInput {
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  /** Sorted, joined by semicolons. */
  readonly signedHeaders: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** @param seconds Unix seconds. @returns `20150830T123600Z` */
export function amzDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

export async function signAwsRequest(
  crypto: Pick<CryptoPrimitives, "digest">,
  request: AwsRequest,
  credentials: AwsCredentials,
  scope: SigningScope,
): Promise<AwsSignature> {
  const date = amzDate(scope.now);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const added: Readonly<Record<string, string>> = {
    "x-amz-date": date,
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  const headers = [...(request.headers ?? []), ...Object.entries(added)];
  const input = await signatureInput(crypto, { ...request, headers }, date, scope);
  let key = utf8Encode(`AWS4${secretAccessKey}`);
  for (const part of [...scopeParts(date, scope), input.stringToSign])
    key = await hmacSha256(crypto, key, utf8Encode(part)); // oxlint-disable-line no-await-in-loop -- each needs the last
  const signature = toHex(key);
  return {
    signature,
    headers: {
      ...added,
      authorization: authorization(accessKeyId, date, scope, input.signedHeaders, signature),
    },
  };
}

/** @param date as `amzDate` writes it; also to be found among the request's headers */
export async function signatureInput(
  crypto: Pick<CryptoPrimitives, "digest">,
  request: AwsRequest,
  date: string,
  scope: Omit<SigningScope, "now">,
): Promise<SignatureInput> {
  const headers = canonicalHeaders([["host", request.host], ...(request.headers ?? [])]);
  const signedHeaders = headers.map(([name]) => name).join(";");
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path ?? "/", scope.keepPath === true),
    canonicalQuery(request.query ?? []),
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    signedHeaders,
    await sha256Hex(crypto, request.body ?? ""),
  ].join("\n");
  const hash = await sha256Hex(crypto, canonicalRequest);
  const stringToSign = [ALGORITHM, date, scopeParts(date, scope).join("/"), hash].join("\n");
  return { canonicalRequest, stringToSign, signedHeaders };
}

/** The value of the `authorization` header. */
export function authorization(
  accessKeyId: string,
  date: string,
  scope: Pick<SigningScope, "region" | "service">,
  signedHeaders: string,
  signature: string,
): string {
  const credential = [accessKeyId, ...scopeParts(date, scope)].join("/");
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

function scopeParts(
  date: string,
  { region, service }: Pick<SigningScope, "region" | "service">,
): readonly string[] {
  return [date.slice(0, 8), region, service, "aws4_request"];
}

/** Values of one name are joined in their order. */
function canonicalHeaders(headers: readonly Pair[]): readonly Pair[] {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const clean = value.trim().replace(/\s+/g, " ");
    const before = values.get(key);
    values.set(key, before === undefined ? clean : `${before},${clean}`);
  }
  return [...values].toSorted(([a], [b]) => compare(a, b));
}

function canonicalPath(path: string, keep: boolean): string {
  if (keep) return encode(path, true);
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "." && segment !== "") segments.push(segment);
  }
  const slash = segments.length > 0 && /\/\.{0,2}$/.test(path) ? "/" : "";
  return encode(`/${segments.join("/")}${slash}`, true);
}

function canonicalQuery(query: readonly Pair[]): string {
  return query
    .map(([name, value]): Pair => [encode(name), encode(value)])
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** Everything but the unreserved characters of RFC 3986, in upper-case hex. */
function encode(text: string, keepSlash = false): string {
  const encoded = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return keepSlash ? encoded.replaceAll("%2F", "/") : encoded;
}

/** By code unit: what is compared is ASCII. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

async function sha256Hex(
  crypto: Pick<CryptoPrimitives, "digest">,
  data: string | Uint8Array,
): Promise<string> {
  const bytes = typeof data === "string" ? utf8Encode(data) : data;
  return toHex(await crypto.digest("SHA-256", bytes));
}
