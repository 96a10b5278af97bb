import type { PublicDocument } from "../platform/public-document.ts";

/** Public documents may be read by any page; nothing in them is secret and no credential is ever looked at. */
const CORS = { "access-control-allow-origin": "*" } as const;

/** Of every public document. */
export const DOCUMENT_TYPE = "application/json";

/** How long caches may keep a document. */
export function cacheControl({ maxAgeSeconds }: Pick<PublicDocument, "maxAgeSeconds">): string {
  return `public, max-age=${maxAgeSeconds}`;
}

/** A document of the snapshot, with a strong ETag: the same bytes on every instance. */
export function documentResponse(request: Request, document: PublicDocument): Response {
  const headers: Record<string, string> = {
    ...CORS,
    "content-type": DOCUMENT_TYPE,
    "cache-control": cacheControl(document),
    etag: document.etag,
    "x-content-type-options": "nosniff",
  };
  if (matches(request.headers.get("if-none-match"), document.etag))
    return new Response(null, { status: 304, headers });
  return new Response(document.body, { headers });
}

export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS,
      "access-control-allow-methods": "GET, HEAD",
      "access-control-allow-headers": "if-none-match",
      "access-control-max-age": "86400",
    },
  });
}

/** RFC 9110 §13.1.2: weak comparison, a list or `*`. */
function matches(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header
    .slice(0, 4096)
    .split(",")
    .some((candidate) => {
      const trimmed = candidate.trim();
      return trimmed === "*" || trimmed.replace(/^W\//, "") === etag;
    });
}
