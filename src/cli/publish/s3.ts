import { toHex, utf8Encode } from "../../encoding/bytes.ts";
import { awsCredentials, awsRegion } from "../../platform/aws-credentials.ts";
import type { BoundedResponse } from "../../platform/http.ts";
import { signAwsRequest } from "../../platform/sigv4.ts";
import { UsageError } from "../errors.ts";
import { bucketAndPrefix, endpointOption, type Address } from "./address.ts";
import { askPlace, obtained, refusal, xmlCode } from "./ask.ts";
import { compare, PublishError, type Place, type PlaceDeps, type Publication } from "./place.ts";

/** Somebody wrote in between, is writing now, or took the object away. */
const CONFLICTS = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"];

/**
 * `s3://BUCKET/PREFIX?region=…&endpoint=…&owner=…`: one object a document, in S3 or what speaks as it does (R2).
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function openS3(address: Address, deps: PlaceDeps): Promise<Place> {
  const { platform } = deps;
  const { bucket, key } = bucketAndPrefix(address, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);
  const { owner } = address.options;
  if (owner !== undefined && !/^\d{12}$/.test(owner))
    throw new UsageError("s3: owner is an account of 12 digits");
  const name = `s3://${bucket}`;
  const region = address.options["region"] ?? (await obtained(name, () => awsRegion(deps)));
  if (!/^[a-z0-9-]{1,32}$/.test(region)) throw new UsageError("s3: no such region");
  const base = baseUrl(bucket, region, endpointOption(address));
  const credentials = awsCredentials(deps);

  async function call(
    method: "GET" | "PUT",
    path: string,
    extra: Readonly<Record<string, string>> = {},
    body = "",
  ): Promise<BoundedResponse> {
    const url = new URL(`${base}/${key(path)}`);
    const digest = await platform.digest("SHA-256", utf8Encode(body));
    const headers = {
      ...extra,
      "x-amz-content-sha256": toHex(digest),
      ...(owner !== undefined && { "x-amz-expected-bucket-owner": owner }),
    };
    const signed = await signAwsRequest(
      platform,
      { method, host: url.host, path: url.pathname, headers: Object.entries(headers), body },
      await obtained(name, credentials),
      { region, service: "s3", now: platform.now(), keepPath: true },
    );
    return askPlace(platform, name, url.href, {
      method,
      headers: { ...headers, ...signed.headers },
      ...(method === "PUT" && { body }),
    });
  }

  return {
    name,
    holds: "site",
    async read(document) {
      const answer = await call("GET", document.path);
      const { status, headers, bytes } = answer;
      const code = xmlCode(answer);
      if (status === 404 && code !== "NoSuchBucket") return undefined;
      const version = headers.get("etag");
      if (status !== 200)
        throw refusal(
          name,
          status,
          code,
          "s3:GetObject on its objects, or s3:ListBucket on it, without which an object that is not there yet is refused too",
        );
      if (version === null) throw new PublishError("refused", `${name} tells no ETag`);
      return compare(document, { bytes, version, ...headersIn(headers) }, name);
    },
    async write(document, over) {
      const answer = await call(
        "PUT",
        document.path,
        conditional(document, over?.version),
        document.body,
      );
      if (answer.status === 200) return true;
      const code = xmlCode(answer);
      if (answer.status === 412 || (code !== undefined && CONFLICTS.includes(code))) return false;
      throw refusal(name, answer.status, code, "s3:PutObject on its objects");
    },
  };
}

/** The bucket in the host, or in the path where its name has a dot, which certificates do not cover. */
function baseUrl(bucket: string, region: string, endpoint: string | undefined): string {
  if (endpoint !== undefined) return `${endpoint}/${bucket}`;
  const host = `s3.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}`;
  return bucket.includes(".") ? `https://${host}/${bucket}` : `https://${bucket}.${host}`;
}

function conditional(
  { contentType, cacheControl }: Publication,
  version: string | undefined,
): Record<string, string> {
  return {
    "content-type": contentType,
    "cache-control": cacheControl,
    ...(version === undefined ? { "if-none-match": "*" } : { "if-match": version }),
  };
}

/** What a store serves an object under. */
export function headersIn(headers: Headers) {
  return {
    contentType: headers.get("content-type") ?? "",
    cacheControl: headers.get("cache-control") ?? "",
  };
}
