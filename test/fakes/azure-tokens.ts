/** As much of Entra and of a managed identity's endpoint as gives an access token; whose it is says the token. */
export const IDENTITY_VARIABLES: Readonly<Record<string, string>> = {
  IDENTITY_ENDPOINT: "http://127.0.0.1:41356/msi/token",
  IDENTITY_HEADER: "header-of-this-app",
};

/** What a service of this resource accepts. */
export function tokenFor(resource: string): string {
  return `eyJ0b2tlbi5vZi5odW50ZXIy.${btoa(resource).replace(/=+$/, "")}.c2ln`;
}

/** @returns undefined for requests that are somebody else's */
export async function answerToken(request: Request): Promise<Response | undefined> {
  const url = new URL(request.url);
  if (url.pathname === "/msi/token") {
    const resource = url.searchParams.get("resource") ?? "";
    if (request.headers.get("x-identity-header") !== IDENTITY_VARIABLES["IDENTITY_HEADER"])
      return Response.json({ statusCode: 401 }, { status: 401 });
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
    return Response.json({ access_token: tokenFor(resource), expires_on, resource });
  }
  if (!/^\/[\w-]+\/oauth2\/v2\.0\/token$/.test(url.pathname)) return undefined;
  const form = new URLSearchParams(await request.text());
  const proved =
    form.get("client_secret") === "hunter2" || form.get("client_assertion") === "token-of-the-pod";
  if (!proved || form.get("grant_type") !== "client_credentials")
    return Response.json({ error: "invalid_client", error_codes: [7000215] }, { status: 401 });
  const resource = (form.get("scope") ?? "").replace(/\/\.default$/, "");
  return Response.json({ access_token: tokenFor(resource), expires_in: 3599 });
}
