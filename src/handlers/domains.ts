import type { HonoBase } from "hono/hono-base";
import { issuerPlace } from "../encoding/issuer-place.ts";
import type { Issuer } from "../issuer/issuer.ts";
import { createApp, operatorApp, type AppOptions } from "./app.ts";
import { rawPath } from "./exact-router.ts";

/**
 * Finds what serves a request.
 * @param authority host and port that it was sent to, as it says. @param path as it stands, perhaps with its query
 */
export type Select<T> = (authority: string | undefined, path: string) => T | undefined;

/**
 * Of several trust domains the one whose issuer URL has the request's host and begins its path. Both are looked up as
 * they are spelt, the host in lower case and with or without its scheme's port: nothing of them is decoded or mended.
 * @param sites by issuer URL; none lies below another
 */
export function selector<T>(sites: readonly (readonly [url: string, site: T])[]): Select<T> {
  const hosts = new Map<string, (readonly [below: string, site: T])[]>();
  for (const [url, site] of sites) {
    const { authorities, base } = issuerPlace(url);
    for (const authority of authorities)
      hosts.set(authority, [...(hosts.get(authority) ?? []), [`${base}/`, site]]);
  }
  return (authority = "", path) =>
    hosts.get(authority.toLowerCase())?.find(([below]) => path.startsWith(below))?.[1];
}

/**
 * The HTTP interface of a deployment: of one trust domain as ever, whatever host a request names; of several, each
 * where its issuer URL is.
 */
export function createDomains(issuers: readonly Issuer[], options: AppOptions): HonoBase {
  const [first] = issuers;
  if (first === undefined) throw new TypeError("a deployment has a trust domain");
  if (issuers.length === 1) return createApp(first, options);
  const select = selector(issuers.map((issuer) => [issuer.url, createApp(issuer, options)]));
  const elsewhere = operatorApp(first, options);
  const ready = (): boolean => issuers.every((issuer) => issuer.ready());
  const app = operatorApp(first, { ...options, whole: { ready } });
  app.notFound(({ req: { raw } }) =>
    (select(new URL(raw.url).host, rawPath(raw)) ?? elsewhere).fetch(raw),
  );
  return app;
}
