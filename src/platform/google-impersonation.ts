import { askJson, malformed, type CredentialDeps, type LastingCredentials } from "./credentials.ts";

/** Of the token by which an account is impersonated. */
export const IMPERSONATING_SCOPE = "https://www.googleapis.com/auth/cloud-platform";
/** Unless told. */
export const LIFE_SECONDS = 3600;

/** @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken */
export async function impersonated(
  deps: Pick<CredentialDeps, "platform">,
  url: string,
  token: string,
  asked: { readonly scope: readonly string[]; readonly lifetime?: string },
): Promise<LastingCredentials<string>> {
  const service = "Google's IAM credentials service";
  const answer = await askJson(deps, service, url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ lifetime: `${LIFE_SECONDS}s`, ...asked }),
  });
  const { accessToken: value, expireTime: end } = answer;
  const expiresAt = typeof end === "string" ? Math.floor(Date.parse(end) / 1000) : NaN;
  if (typeof value !== "string" || value === "" || !Number.isFinite(expiresAt))
    throw malformed(service);
  return { value, expiresAt };
}
