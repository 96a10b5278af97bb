import { fetchBounded } from "../platform/http.ts";
import type { Platform } from "../platform/platform.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { parseAnswer, type ClaimAdmin } from "./admin-protocol.ts";
import { claimsAsked } from "./admin-questions.ts";
import { StoreError } from "./store-error.ts";

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;

/**
 * Claims that only a Worker reaches, by way of the one that operators have for it.
 * @param url its address, without a path
 * @param token what it lets in
 */
export function httpClaims(
  platform: Pick<Platform, "fetch">,
  url: string,
  token: string,
): ClaimAdmin {
  const { list: _, ...claims } = claimsAsked(async (question) => {
    const outcome = await fetchBounded(platform, `${url}/claims`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ id: 1, ...question }),
      maxBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
      allowLoopbackHttp: true,
    });
    if (!outcome.ok)
      throw new StoreError("unavailable", `${url} gives no answer: ${outcome.error.code}`);
    const { status, bytes } = outcome.value;
    if (status !== 200) throw new StoreError("refused", `${url} refuses: status ${status}`);
    const answer = parseAnswer(utf8Decode(bytes) ?? "");
    if (answer === undefined)
      throw new StoreError(
        "refused",
        `${url} answers as another version of svidmint, or as something else`,
      );
    const { error } = answer;
    if (error !== undefined) throw new StoreError(error.code, error.message);
    return answer;
  });
  return claims;
}
