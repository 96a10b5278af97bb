import type { JsonObject } from "../encoding/json.ts";
import { askJson, malformed, type CredentialDeps, type LastingCredentials } from "./credentials.ts";

/** A token in an OAuth answer. @param asked Unix seconds */
export function tokenIn(
  { access_token: token, expires_in: seconds }: JsonObject,
  asked: number,
): LastingCredentials<string> | undefined {
  if (typeof token !== "string" || token === "" || typeof seconds !== "number") return undefined;
  return { value: token, expiresAt: asked + seconds };
}

/** One request of an OAuth token endpoint (RFC 6749 §3.2). @param service as messages name it. @throws CredentialError */
export async function askToken(
  deps: Pick<CredentialDeps, "platform">,
  service: string,
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<LastingCredentials<string>> {
  const asked = deps.platform.now();
  const answer = await askJson(deps, service, url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  });
  const token = tokenIn(answer, asked);
  if (token === undefined) throw malformed(service);
  return token;
}
