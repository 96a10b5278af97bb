import type { Err, Result } from "../result.ts";
import { checkEndpoint } from "./endpoint-url.ts";
import { LIMITS, type FetchAnswer, type PeerError } from "./peer.ts";

/** Where a redirect says that it leads; undefined: nowhere. */
export interface Redirect {
  readonly location: string | undefined;
}

/**
 * Follows redirects within one host, a few: to URLs that a configuration might hold too. Where they led is forgotten
 * (SPIFFE Federation §5.2).
 * @param get asks one URL
 * @returns beside what `get` does: `address` | `redirect`
 */
export async function followRedirects(
  url: string,
  allowPrivate: boolean,
  get: (url: string) => Promise<Result<FetchAnswer | Redirect, PeerError>>,
): Promise<Result<FetchAnswer, PeerError>> {
  const { host, protocol } = new URL(url);
  let at = url;
  for (let hop = 0; ; hop++) {
    const wrong = checkEndpoint(at, allowPrivate);
    if (wrong !== undefined) return refuse("address", wrong);
    const answer = await get(at); // oxlint-disable-line no-await-in-loop -- each answer says where the next one is
    if (!answer.ok) return answer;
    if (!("location" in answer.value)) return { ok: true, value: answer.value };
    const { location } = answer.value;
    const next = location !== undefined && URL.canParse(location, at) && new URL(location, at);
    if (next === false || next.host !== host || hop >= LIMITS.redirects)
      return refuse("redirect", "to another host, or too often");
    if (next.protocol !== protocol) return refuse("redirect", "to another scheme");
    at = next.href;
  }
}

function refuse(code: PeerError["code"], detail: string): Err<PeerError> {
  return { ok: false, error: { code, detail } };
}
