import { decodeBase64url } from "../../src/encoding/base64.ts";
import { utf8Encode } from "../../src/encoding/bytes.ts";
import type { PublicKey } from "../../src/encoding/primitives.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { signAwsRequest, type AwsCredentials } from "../../src/platform/sigv4.ts";

/**
 * Where Google gives access tokens: for the assertion of a service account's key, for another provider's token, and
 * for the token of somebody who may impersonate an account. Written from the published references; it checks what it
 * is given as Google does.
 * @see https://developers.google.com/identity/protocols/oauth2/service-account
 * @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
export class FakeGoogleTokens {
  /** Every request, in order. */
  readonly asked: { readonly url: string; readonly form: Readonly<Record<string, string>> }[] = [];
  /** Of service accounts, by address. */
  readonly accounts = new Map<string, PublicKey>();
  /** Tokens of other providers that the pool believes. */
  readonly believed = new Set<string>();
  /** Whose signed requests the pool believes. */
  aws: AwsCredentials | undefined;
  readonly #platform: Platform;
  readonly #now: () => number;

  constructor(platform: Platform, now: () => number) {
    this.#platform = platform;
    this.#now = now;
  }

  /** @returns undefined for another host than those of Google's that give tokens */
  async answer(request: Request): Promise<Response | undefined> {
    const { url } = request;
    const text = new TextDecoder().decode(await request.clone().arrayBuffer());
    if (url === "https://oauth2.googleapis.com/token") return this.#grant(formOf(text), url);
    if (url === "https://sts.googleapis.com/v1/token") return this.#exchange(formOf(text), url);
    const account =
      /^https:\/\/iamcredentials\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/(.+):generateAccessToken$/.exec(
        url,
      )?.[1];
    if (account === undefined) return undefined;
    this.asked.push({ url, form: JSON.parse(text) });
    if (request.headers.get("authorization") !== "Bearer federated") return refused("denied");
    const expireTime = new Date((this.#now() + 1800) * 1000).toISOString();
    return Response.json({
      accessToken: `impersonated ${decodeURIComponent(account)}`,
      expireTime,
    });
  }

  async #grant(form: Readonly<Record<string, string>>, url: string): Promise<Response> {
    this.asked.push({ url, form });
    if (form["grant_type"] === "refresh_token")
      return form["refresh_token"] === "1//refresh" ? token("user") : refused("invalid_grant");
    if (form["grant_type"] !== "urn:ietf:params:oauth:grant-type:jwt-bearer")
      return refused("unsupported_grant_type");
    const [head = "", payload = "", signature = ""] = (form["assertion"] ?? "").split(".");
    const { alg } = jsonOf(head);
    const claims = jsonOf(payload);
    const key = this.accounts.get(String(claims["iss"]));
    const bytes = decodeBase64url(signature);
    if (key === undefined || !bytes.ok || alg !== "RS256" || claims["aud"] !== url)
      return refused("invalid_grant");
    const scheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
    const input = utf8Encode(`${head}.${payload}`);
    if (!(await this.#platform.verify(scheme, key, bytes.value, input)))
      return refused("invalid_grant");
    const [iat, exp] = [Number(claims["iat"]), Number(claims["exp"])];
    if (Math.abs(iat - this.#now()) > 300 || exp - iat > 3600) return refused("invalid_grant");
    return token(`account ${String(claims["scope"])}`);
  }

  async #exchange(form: Readonly<Record<string, string>>, url: string): Promise<Response> {
    this.asked.push({ url, form });
    if (form["grant_type"] !== "urn:ietf:params:oauth:grant-type:token-exchange")
      return refused("unsupported_grant_type");
    if (form["requested_token_type"] !== "urn:ietf:params:oauth:token-type:access_token")
      return refused("invalid_request");
    const subject = form["subject_token"] ?? "";
    const aws = form["subject_token_type"] === "urn:ietf:params:aws:token-type:aws4_request";
    const sound = aws
      ? await this.#signedByAws(subject, form["audience"] ?? "")
      : this.believed.has(subject);
    return sound ? token("federated") : refused("invalid_grant");
  }

  /** As AWS would find it: the signature made anew of the parts. @param audience that was signed with it, where it was */
  async #signedByAws(subject: string, audience: string): Promise<boolean> {
    if (this.aws === undefined) return false;
    const { url, method, headers } = JSON.parse(decodeURIComponent(subject));
    const { host, searchParams } = new URL(url);
    const sent = new Map<string, string>(
      headers.map(({ key, value }: { key: string; value: string }) => [key.toLowerCase(), value]),
    );
    const date = sent.get("x-amz-date") ?? "";
    const now =
      Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z")) / 1000;
    const target = sent.get("x-goog-cloud-target-resource");
    if (Math.abs(now - this.#now()) > 300 || target !== audience || sent.get("host") !== host)
      return false;
    const given = sent.get("authorization") ?? "";
    const signedNames = /SignedHeaders=([\w;-]+)/.exec(given)?.[1]?.split(";") ?? [];
    const { headers: made } = await signAwsRequest(
      this.#platform,
      {
        method,
        host,
        query: [...searchParams],
        headers: signedNames.includes("x-goog-cloud-target-resource")
          ? [["x-goog-cloud-target-resource", target]]
          : [],
      },
      this.aws,
      { region: host.split(".")[1] ?? "", service: "sts", now },
    );
    return made["authorization"]?.split("Signature=")[1] === given.split("Signature=")[1];
  }
}

function token(access_token: string): Response {
  return Response.json({ access_token, expires_in: 3599, token_type: "Bearer" });
}

function refused(error: string): Response {
  return Response.json({ error, error_description: "the secret is hunter2" }, { status: 400 });
}

function formOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(text));
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  const bytes = decodeBase64url(text);
  return bytes.ok ? JSON.parse(new TextDecoder().decode(bytes.value)) : {};
}
