import { encodeBase64url } from "../../encoding/base64.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import { googleCredentials } from "../../platform/google-credentials.ts";
import type { BoundedRequest, BoundedResponse } from "../../platform/http.ts";
import { bucketAndPrefix, endpointOption, type Address } from "./address.ts";
import { askPlace, obtained, refusal } from "./ask.ts";
import { compare, PublishError, type Place, type PlaceDeps, type Publication } from "./place.ts";

const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";

/**
 * `gs://BUCKET/PREFIX?endpoint=…`: one object a document, by the JSON API of Cloud Storage.
 * @see https://cloud.google.com/storage/docs/request-preconditions
 */
export async function openGcs(address: Address, deps: PlaceDeps): Promise<Place> {
  const { platform } = deps;
  const { bucket, key } = bucketAndPrefix(address, /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/);
  const base = endpointOption(address) ?? "https://storage.googleapis.com";
  const name = `gs://${bucket}`;
  const credentials = googleCredentials(deps, SCOPE);
  const objectUrl = (path: string): string =>
    `${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(key(path))}`;

  async function call(
    url: string,
    request: Pick<BoundedRequest, "method" | "headers" | "body"> = {},
  ): Promise<BoundedResponse> {
    const authorization = `Bearer ${await obtained(name, credentials)}`;
    return askPlace(platform, name, url, {
      ...request,
      headers: { ...request.headers, authorization },
    });
  }

  return {
    name,
    holds: "site",
    /** The metadata first, then that very generation: what is public may come from a cache otherwise. */
    async read(document) {
      const found = await call(objectUrl(document.path));
      if (found.status === 404 && !isBucketMissing(found)) return undefined;
      if (found.status !== 200)
        throw refusal(
          name,
          found.status,
          reasonOf(found),
          "storage.objects.get, or storage.objects.list, without which an object that is not there yet is refused too",
        );
      const { generation, contentType, cacheControl } = jsonIn(found);
      if (typeof generation !== "string" || !/^\d{1,20}$/.test(generation))
        throw new PublishError("refused", `${name} tells no generation of an object`);
      const media = await call(`${objectUrl(document.path)}?alt=media&generation=${generation}`);
      // Replaced since: what it was is of no use any more.
      if (media.status === 404)
        throw new PublishError("unavailable", `${name} changes while it is read`);
      if (media.status !== 200)
        throw refusal(name, media.status, reasonOf(media), "storage.objects.get");
      return compare(
        document,
        {
          bytes: media.bytes,
          version: generation,
          contentType: typeof contentType === "string" ? contentType : "",
          cacheControl: typeof cacheControl === "string" ? cacheControl : "",
        },
        name,
      );
    },
    async write(document, over) {
      const boundary = `svidmint-${encodeBase64url(platform.random(16))}`;
      const url = `${base}/upload/storage/v1/b/${bucket}/o?uploadType=multipart&ifGenerationMatch=${over?.version ?? "0"}`;
      const answer = await call(url, {
        method: "POST",
        headers: { "content-type": `multipart/related; boundary=${boundary}` },
        body: multipart(key(document.path), document, boundary),
      });
      if (answer.status === 200) return true;
      if (answer.status === 412) return false;
      throw refusal(
        name,
        answer.status,
        reasonOf(answer),
        "storage.objects.create and, to replace one, storage.objects.delete",
      );
    },
  };
}

function multipart(
  object: string,
  { body, contentType, cacheControl }: Publication,
  boundary: string,
): string {
  const metadata = JSON.stringify({ name: object, contentType, cacheControl });
  return [
    `--${boundary}`,
    "content-type: application/json; charset=UTF-8",
    "",
    metadata,
    `--${boundary}`,
    `content-type: ${contentType}`,
    "",
    body,
    `--${boundary}--`,
    "",
  ].join("\r\n");
}

function jsonIn({ bytes }: BoundedResponse): JsonObject {
  const parsed = parseJsonObject(bytes);
  return parsed.ok ? parsed.value : {};
}

function reasonOf(answer: BoundedResponse): string | undefined {
  const { error } = jsonIn(answer);
  const errors = isJsonObject(error) ? error["errors"] : undefined;
  const [first] = Array.isArray(errors) ? errors : [];
  const reason: unknown = isJsonObject(first) ? first["reason"] : undefined;
  return typeof reason === "string" ? reason : undefined;
}

/** Both are "not found": only in words does the service say of what. */
function isBucketMissing(answer: BoundedResponse): boolean {
  const { error } = jsonIn(answer);
  const message = isJsonObject(error) ? error["message"] : undefined;
  return typeof message === "string" && /specified bucket does not exist/i.test(message);
}
