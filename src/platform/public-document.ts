import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import type { Platform } from "./platform.ts";

/** A document anybody may read; every instance of one configuration serves the same bytes. */
export interface PublicDocument {
  readonly body: string;
  /** Strong: quoted SHA-256 of the body. */
  readonly etag: string;
  readonly maxAgeSeconds: number;
  /** Has no key, which would take all trust back (SPIFFE Trust Domain and Bundle §4.1): it is not handed out. */
  readonly withheld?: true;
}

/** A quarter of the refresh hint: what a cache adds to a consumer's own delay stays small beside it. */
export function cacheSeconds(refreshHint: number): number {
  return Math.floor(refreshHint / 4);
}

export async function sealDocument(
  platform: Pick<Platform, "digest">,
  body: string,
): Promise<Pick<PublicDocument, "body" | "etag">> {
  const digest = await platform.digest("SHA-256", utf8Encode(body));
  return { body, etag: `"${encodeBase64url(digest)}"` };
}
